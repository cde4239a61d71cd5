"""Holds the end-to-end tests to waiting: none reads a log once and hopes that the line is there by now.

A line is in Sluice's log up to 100 ms after what it tells of, and in Postfix's some time later. How a test waits is told
in e2e/README.md.
"""

import pathlib
import re

import pytest

E2E = pathlib.Path(__file__).resolve().parent / "e2e"

# Only the harness looks at what is in a log by now.
READ_ONCE = re.compile(r"\b_?records\(|\._read_log\(|\._log_text\(")
# A test may show it with a failed assertion, and ask for it again and again.
SHOWN = re.compile(r"\{[\w.]*log_text\(\)\}")
IN_A_CONDITION = re.compile(r"\blambda\b[^:]*:|\bif\b|\breturn\b")


def wrong_lines(tree):
    """One line for each in tree that reads a log and does not wait for what it expects."""
    wrong = []
    for path in sorted(tree.glob("test_*.py")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            rest = SHOWN.sub("", line)
            reads_text = "log_text()" in rest and not IN_A_CONDITION.search(rest)
            if READ_ONCE.search(rest) or reads_text:
                wrong.append(f"{path.name}:{number}: {line.strip()}")
    return wrong


def test_no_test_reads_a_log_once():
    assert wrong_lines(E2E) == []


@pytest.mark.parametrize("line", [
    'record = sluice.wait_record("session", client=source)',
    'first, second = sluice.wait_records("session", 2)',
    'assert not sluice.records_after_stop("worker_died")',
    'assert done.returncode == 0, f"{done.stderr}\\n{self.sluice.log_text()}"',
    'wait_until(lambda: sluice.log_text().count("worker_started") == 4, "two new workers")',
    'assert secret not in sluice.log_after_stop()',
])  # fmt: skip
def test_a_good_line_passes(tmp_path, line):
    (tmp_path / "test_good.py").write_text(f"def test():\n    {line}\n")
    assert wrong_lines(tmp_path) == []


@pytest.mark.parametrize("line", [
    '(record,) = sluice.records("session", client=source)',
    'records = sluice._read_log("session", {})',
    'assert not sluice.records("worker_died")',
    'wait_until(lambda: sluice.records("store_up"), "the store")',
    'assert secret not in sluice.log_text()',
    'text = sluice.log_text()',
    'before = postfix._log_text()',
])  # fmt: skip
def test_a_bad_line_is_caught(tmp_path, line):
    (tmp_path / "test_bad.py").write_text(f"def test():\n    {line}\n")
    assert wrong_lines(tmp_path) == [f"test_bad.py:2: {line}"]
