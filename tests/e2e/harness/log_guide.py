"""docs/guide/log.md as the tests hold the log to it: what a line may say."""

import functools
import pathlib
import re

GUIDE = pathlib.Path(__file__).resolve().parents[3] / "docs/guide/log.md"


@functools.cache
def described():
    """The events with their fields, and the fields of sessions and of transactions."""
    parts = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", GUIDE.read_text(), re.MULTILINE | re.DOTALL))
    fields = {name: set(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)) for name, text in parts.items()}
    session = fields["The line of a session"]
    begins = re.search(r"begins as that of its session: (.*)", parts["The line of a transaction"]).group(1)
    both = {name for name in session if name.split(".")[0] in re.findall(r"`([^`]+)`", begins)}
    events = {
        name: {"time", "event", *re.findall(r"`([^`]+)`", columns)}
        for name, columns in re.findall(r"^\| `([^`]+)` \| ([^|]*) \|", parts["Events"], re.MULTILINE)
    }
    return events | {"session": session, "transaction": both | fields["The line of a transaction"]}


def names_in(value, above=""):
    """The fields of a line, those of objects within it with a dot."""
    if isinstance(value, list):
        return set().union(*(names_in(each, above) for each in value))
    if not isinstance(value, dict):
        return set()
    names = {above + name for name in value}
    return names.union(*(names_in(each, f"{above}{name}.") for name, each in value.items() if name != "reached_ms"))


def undescribed(records):
    """Returns what these lines say and the guide does not explain."""
    known = described()
    wrong = set()
    for record in records:
        event = record["event"]
        wrong |= {f"{event}: {name}" for name in names_in(record) - known.get(event, set())} if event in known else {event}
    return sorted(wrong)
