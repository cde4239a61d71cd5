"""Fixtures of the end-to-end tests."""

import pathlib
import tempfile

import pytest

from harness import namespace
from harness.postfix import Postfix
from harness.sluice import Sluice


def pytest_configure(config):
    """Each process that runs tests has a network of its own; the one that only hands them out stays where it is."""
    hands_out = config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")
    if not hands_out and not namespace.is_own():
        namespace.enter_own()


# The files that take longest, most of it waiting: begun last, they would keep one test process busy when all others are done.
LONGEST = ["test_pace.py", "test_senders.py", "test_health_checks.py", "test_floods.py", "test_mta_tls.py", "test_overload.py", "test_dns_codes.py"]

# What `./dev test quick` runs of them: a mail's way through, and what would break first.
QUICK = ["test_answers.py", "test_commands.py", "test_content.py", "test_identity.py", "test_log.py", "test_recipients.py", "test_signals.py", "test_smuggling.py"]


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
    for item in items:
        if item.path.name in QUICK or item.path.parent.name != "e2e":
            item.add_marker(pytest.mark.quick)


@pytest.fixture(scope="session")
def postfix():
    """One MTA for all tests of a test process; tests tell their mails apart by token."""
    with Postfix() as mta:
        yield mta


@pytest.fixture
def start_sluice(tmp_path):
    """Starts a Sluice in front of some MTAs; each is drained, and must exit 0, when the test is over."""
    started = []

    def start(*mtas, config=None, directory=None, **options):
        sluice = Sluice(directory or tmp_path / f"sluice-{len(started)}", mtas, config, **options)
        started.append(sluice)
        return sluice.start()

    yield start
    for sluice in started:
        sluice.stop()
        print(sluice.log_text(), sluice.stderr())  # shown only when the test failed


@pytest.fixture
def open_directory():
    """One that a user without rights can get to, as it cannot to `tmp_path`."""
    with tempfile.TemporaryDirectory(prefix="sluice-open-", dir="/tmp") as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        yield directory


@pytest.fixture
def sluice(start_sluice, postfix):
    """Sluice with its defaults in front of Postfix's private listener."""
    return start_sluice(postfix.private_port)
