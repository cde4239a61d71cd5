"""Holds the tree to its shape: who may include whom, how long a file may get, and what must not be named.

    base <- {smtp, wire, net} <- {policy, spool} <- store <- judge <- {front, relay, sink, guard} <- app

where base, smtp, wire and policy include nothing of net, and within app

    process <- config <- generation <- worker <- {supervisor, inspect, postfix} <- check <- cli

A folder may include itself and the folders of the steps below it; folders on one step never include each other.
"""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
STEPS = [["base"], ["smtp", "wire", "net"], ["policy", "spool"], ["store"], ["judge"], ["front", "relay", "sink", "guard"], ["app"]]
ROOMS = [["process"], ["config"], ["generation"], ["worker"], ["supervisor", "inspect", "postfix"], ["check"], ["cli"]]
PURE = ("base", "smtp", "wire", "policy")
LINES_MAX = 450
LINES_MEDIAN_MAX = 200

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
# Headers of the kernel's sockets: only the layers from net up may touch them. <sys/types.h> and kin are harmless.
SOCKET_HEADER = re.compile(r"^\s*#\s*include\s*<(sys/(socket|epoll|un|uio)\.h|netinet/.*|poll\.h)>", re.MULTILINE)
# A path of the machine something was written on means nothing to anybody else.
FOREIGN_PATH = re.compile(r"/(?:home|work|farm)/[a-z]")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")


def step_of(folder, steps=STEPS):
    for number, folders in enumerate(steps):
        if folder in folders:
            return number
    return None


def sources(tree):
    return sorted(p for p in (tree / "src").rglob("*") if p.suffix in (".cpp", ".hpp"))


def wrong_includes(tree):
    """One line for each #include below tree/src that the layers do not allow."""
    wrong = []
    for path in sources(tree):
        text = path.read_text()
        name = path.relative_to(tree / "src")
        mine = step_of(name.parts[0])
        if mine is None:
            wrong.append(f"{name}: folder {name.parts[0]} has no step")
            continue
        for included in INCLUDE.findall(text):
            folder = included.split("/")[0]
            theirs = step_of(folder)
            if "/" not in included or theirs is None:
                wrong.append(f'{name}: "{included}" is not written as folder/file.hpp')
            elif not (tree / "src" / included).is_file():
                wrong.append(f'{name}: "{included}" does not exist')
            elif folder != name.parts[0] and theirs >= mine:
                wrong.append(f'{name}: "{included}" is not on a lower step')
            elif folder == "net" and name.parts[0] in PURE:
                wrong.append(f'{name}: "{included}" is the kernel, of which this folder knows nothing')
        if name.parts[0] in PURE and SOCKET_HEADER.search(text) and not name.stem.endswith("_test"):
            wrong.append(f"{name}: touches sockets, which is for net")
    return wrong


def wrong_rooms(tree):
    """The same within app, whose folders are its rooms."""
    wrong = []
    for path in sources(tree):
        name = path.relative_to(tree / "src")
        if name.parts[0] != "app":
            continue
        mine = step_of(name.parts[1], ROOMS)
        if len(name.parts) != 3 or mine is None:
            wrong.append(f"{name}: is in no room of app")
            continue
        for included in INCLUDE.findall(path.read_text()):
            parts = included.split("/")
            theirs = step_of(parts[1], ROOMS) if parts[0] == "app" else -1
            if theirs is None or (theirs >= mine and parts[1] != name.parts[1]):
                wrong.append(f'{name}: "{included}" is in no room on a lower step')
    return wrong


def long_files(tree):
    return [f"{p.relative_to(tree)}: {n} lines" for p in sources(tree) if (n := count_lines(p)) > LINES_MAX]


def count_lines(path):
    return path.read_text().count("\n")


def tracked_text_files():
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in names.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and b"\0" not in (content := path.read_bytes()):
            yield name, content.decode("utf-8", "replace")


def test_includes_keep_to_the_layers():
    assert wrong_includes(ROOT) == []


def test_includes_within_app_keep_to_its_rooms():
    assert wrong_rooms(ROOT) == []


def test_no_source_file_is_too_long():
    assert long_files(ROOT) == []


def test_the_median_source_file_is_short():
    lengths = sorted(count_lines(p) for p in sources(ROOT))
    assert lengths[len(lengths) // 2] <= LINES_MEDIAN_MAX


def test_no_tracked_file_names_a_foreign_path_or_unfinished_work():
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    found = []
    for name, text in tracked_text_files():
        for number, line in enumerate(text.splitlines(), 1):
            if FOREIGN_PATH.search(line) or (name.startswith(("src/", "tests/", "bench/")) and UNFINISHED.search(line)):
                if name != "tests/layers_test.py":
                    found.append(f"{name}:{number}: {line.strip()}")
    assert found == []


# ---- the test is tested: a made-up tree that breaks each rule -------------------------------------------------


def plant(tree, files):
    for name, text in files.items():
        path = tree / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


GOOD_TREE = {
    "base/ip.hpp": "",
    "smtp/reply.hpp": '#include "base/ip.hpp"\n',
    "wire/xclient.hpp": "#include <string>\n",
    "net/loop.hpp": '#include <sys/epoll.h>\n#include "base/ip.hpp"\n',
    "relay/pool.hpp": "",
    "front/front.hpp": '#include "net/loop.hpp"\n#include "front/front.hpp"\n',
    "policy/lane.hpp": '#include "smtp/reply.hpp"\n',
    "app/process/log.hpp": "",
    "app/cli/main.cpp": '#include "front/front.hpp"\n#include "base/ip.hpp"\n#include "app/process/log.hpp"\n',
}


def test_a_good_tree_passes(tmp_path):
    plant(tmp_path, GOOD_TREE)
    assert wrong_includes(tmp_path) == [] and wrong_rooms(tmp_path) == []


@pytest.mark.parametrize(
    "name, text",
    [
        ("base/up.hpp", '#include "smtp/reply.hpp"\n'),
        ("smtp/sibling.cpp", '#include "wire/xclient.hpp"\n'),
        ("wire/sibling.cpp", '#  include "smtp/reply.hpp"\n'),
        ("front/sibling.cpp", 'int x;\n#include "relay/pool.hpp"\n'),
        ("net/up.cpp", '#include "front/front.hpp"\n'),
        ("net/sibling.cpp", '#include "smtp/reply.hpp"\n'),
        ("net/policy.cpp", '#include "policy/lane.hpp"\n'),
        ("policy/socket.cpp", "#include <sys/socket.h>\n"),
        ("policy/kernel.cpp", '#include "net/loop.hpp"\n'),
        ("smtp/bare.cpp", '#include "reply.hpp"\n'),
        ("smtp/missing.cpp", '#include "base/gone.hpp"\n'),
        ("oddity/new.cpp", "\n"),
    ],
)
def test_a_bad_tree_fails(tmp_path, name, text):
    plant(tmp_path, GOOD_TREE | {name: text})
    wrong = wrong_includes(tmp_path)
    assert len(wrong) == 1 and wrong[0].startswith(name)


@pytest.mark.parametrize(
    "name, text",
    [
        ("app/process/up.cpp", '#include "app/cli/main.hpp"\n'),
        ("app/inspect/sibling.hpp", '#include "app/postfix/postconf.hpp"\n'),
        ("app/process/unknown.hpp", '#include "app/cellar/wine.hpp"\n'),
        ("app/homeless.cpp", "\n"),
        ("app/cellar/wine.hpp", "\n"),
    ],
)
def test_a_bad_room_is_noticed(tmp_path, name, text):
    plant(tmp_path, GOOD_TREE | {name: text})
    wrong = wrong_rooms(tmp_path)
    assert len(wrong) == 1 and wrong[0].startswith(name)


def test_a_long_file_is_noticed(tmp_path):
    plant(tmp_path, {"base/long.hpp": "\n" * (LINES_MAX + 1), "base/full.hpp": "\n" * LINES_MAX})
    assert long_files(tmp_path) == [f"src/base/long.hpp: {LINES_MAX + 1} lines"]
