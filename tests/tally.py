"""Adds up JUnit result files (GoogleTest's and pytest's) and ends a test run with one plain line.

usage: tally.py DIRECTORY; exits 1 when a test failed or none ran.
"""

import pathlib
import sys
import xml.etree.ElementTree


def tally(directory):
    """(passed, failed, skipped) over every result file below `directory`."""
    passed = failed = skipped = 0
    for path in sorted(pathlib.Path(directory).rglob("*.xml")):
        for case in xml.etree.ElementTree.parse(path).iter("testcase"):
            outcomes = {child.tag for child in case}
            if outcomes & {"failure", "error"}:
                failed += 1
            elif "skipped" in outcomes or case.get("status") == "notrun":
                skipped += 1
            else:
                passed += 1
    return passed, failed, skipped


if __name__ == "__main__":
    passed, failed, skipped = tally(sys.argv[1])
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(0 if passed and not failed else 1)
