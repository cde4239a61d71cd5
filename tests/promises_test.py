"""Holds SECURITY.md to its word: every promise in it names a test, and every test it names exists."""

import fnmatch
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent

CASE = re.compile(r"^\s*(?:TYPED_)?TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)", re.MULTILINE)
FUNCTION = re.compile(r"^def (\w+)\(", re.MULTILINE)


def promises(text):
    """(promise, names in backquotes) for each row of the last table."""
    rows = text[text.index("| promise | test |") :].split("\n\n")[0].splitlines()[2:]
    for row in rows:
        promise, shown_by = row.strip().strip("|").split(" | ", 1)
        yield promise.strip(), re.findall(r"`([^`]+)`", shown_by)


@pytest.fixture(scope="module")
def names():
    """Everything a test can be called: programs, files, functions, and GoogleTest's suites and cases."""
    names = {f"{folder.name}_test" for folder in (ROOT / "src").iterdir() if folder.is_dir()}
    for path in [*ROOT.glob("tests/**/*.py"), *ROOT.glob("tests/**/*.cpp"), *ROOT.glob("src/**/*_test.cpp")]:
        names |= {path.name, path.stem}
        text = path.read_text()
        if path.suffix == ".py":
            names |= set(FUNCTION.findall(text))
        for suite, case in CASE.findall(text):
            names |= {suite, case, f"{suite}.{case}"}
    return names


def unknown(shown_by, names):
    """Those of the names that are neither a test's, nor a command's, nor a file's."""
    return [
        name
        for name in shown_by
        if not name.startswith("./dev ") and not (ROOT / name).is_file() and not fnmatch.filter(names, name)
    ]


def test_every_promise_names_tests_that_exist(names):
    rows = list(promises((ROOT / "SECURITY.md").read_text()))
    assert len(rows) > 20
    for promise, shown_by in rows:
        assert unknown(shown_by, names) == [], promise
        assert shown_by, f"nothing holds: {promise}"


def repeated(rows):
    """Returns what stands in the table twice: the same promise, or two wordings of one that the same tests hold."""
    told = [part for promise, shown_by in rows for part in (promise, tuple(shown_by))]
    return {part for part in told if told.count(part) > 1}


def test_no_promise_stands_twice():
    assert repeated(promises((ROOT / "SECURITY.md").read_text())) == set()


def test_one_that_does_is_found():
    assert repeated([("a", ["x"]), ("b", ["y"]), ("a", ["z"])]) == {"a"}
    assert repeated([("a", ["x", "y"]), ("b", ["x", "y"]), ("c", ["x"])]) == {("x", "y")}


@pytest.mark.parametrize("name", ["test_that_was_renamed", "SandboxCalls.Nothing*", "nobody_test", "docs/none.md"])
def test_a_name_that_is_nobodys_is_found(names, name):
    assert unknown(["net_test", name], names) == [name]
