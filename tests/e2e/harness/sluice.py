"""The program under test: `sluice run` with a configuration of the test's, and what it logs."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile

from harness.client import Client
from harness.log_guide import undescribed
from harness.waiting import PATIENCE, free_port, wait_until

BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", pathlib.Path(__file__).resolve().parents[3] / "build/release"))
# Such a build keeps what was freed, and books of its own: what it has in memory says nothing of Sluice.
SANITIZED = BUILD.name in ("asan", "tsan")
THREAD_SANITIZED = BUILD.name == "tsan"
BINARY = BUILD / "sluice"

HOSTNAME = "mx.example.test"

# What the name servers of the machine say about loopback addresses is nothing to test by.
NO_DNS = {"resolve_names": False, "signals": {"no_ptr": 0, "ptr_unconfirmed": 0, "dynamic_name": 0, "helo_unresolvable": 0}}
# Name servers and stores that do answer are not late, even on a machine that is busy with other tests. Together with a pause
# in the greeting they must leave a greeting within the clocks of real senders, or the configuration is refused.
DNS_DEADLINE_MS = 2000
STATE_DEADLINE_MS = 1000


def toml_key(key):
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def toml(value):
    """A Python value as TOML; dictionaries become inline tables."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml_key(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)  # strings, numbers and booleans are written alike


def merged(base, changes):
    """`changes` laid over `base`, table by table."""
    result = dict(base)
    for key, value in changes.items():
        result[key] = merged(result.get(key, {}), value) if isinstance(value, dict) else value
    return result


def run_sluice(*arguments, timeout=30):
    """A command that ends by itself; its CompletedProcess with text."""
    return subprocess.run(
        [BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=timeout * PATIENCE, check=False
    )


# A configuration of which `sluice check` has nothing to say: it has a name, and asks no name server.
QUIET = f"smtp = {toml({'hostname': HOSTNAME})}\npolicy = {toml(NO_DNS)}\n"


def check_mta(port, *arguments):
    """`sluice check` of what listens on this port, under the quiet configuration."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(QUIET)
        file.flush()
        return run_sluice("check", "--config", file.name, "--relay", f"127.0.0.1:{port}", *arguments)


def children_of(pid, name):
    """Those with a name that the regular expression matches."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if re.fullmatch(name, name_of_process(child))]


def workers_of(pid):
    """Returns the children of this supervisor that have the name of a worker."""
    return children_of(pid, r"sluice-\d+")


def name_of_process(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:  # it has just ended
        return ""


class Sluice:
    """`sluice run` in front of `mtas` (ports or tables of relay.mta). One worker unless `config` says otherwise.

    Its log is read by wait_record() and wait_records(), and what must not be in it by records_after_stop().

    Stopped by stop(), which insists on exit status 0 and a log in which every line is one JSON object that docs/guide/log.md explains.
    """

    def __init__(self, directory, mtas, config=None, address="127.0.0.1", arguments=(), json_log=True,
                 command=(BINARY,), environment=None):  # fmt: skip
        """`command` is what runs `run --config FILE`; `environment` is laid over ours."""
        self.directory = pathlib.Path(directory)
        self.command = list(command)
        self.environment = {**os.environ, **(environment or {})}
        self.address = address
        self.port = free_port(address)
        where = f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"
        self.config = merged(
            {
                "listen": [where],
                "workers": 1,
                "state_dir": str(self.directory / "state"),
                "store": "off",  # what is remembered of one session would be a surprise to the next
                "smtp": {"hostname": HOSTNAME},
                "state": {"deadline_ms": STATE_DEADLINE_MS},
                "policy": NO_DNS | {"dns_deadline_ms": DNS_DEADLINE_MS},
                "relay": {"mta": [m if isinstance(m, dict) else {"address": f"127.0.0.1:{m}"} for m in mtas]},
                "log": {"destination": str(self.directory / "log")},
            },
            config or {},
        )
        self.config_file = self.directory / "sluice.toml"
        self.arguments = list(arguments)
        self.json_log = json_log
        self.process = None

    def write_config(self, changes=None):
        """The file as it is to be from now on; a running Sluice learns of it by reload()."""
        self.config = merged(self.config, changes or {})
        self.config_file.write_text("".join(f"{key} = {toml(value)}\n" for key, value in self.config.items()))

    def start(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        self.write_config()
        before = self.log_text().count("worker_started")
        with open(self.directory / "stderr", "ab") as stderr:
            self.process = subprocess.Popen(
                [*self.command, "run", "--config", self.config_file, *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                env=self.environment,
            )
        try:
            self._wait_started(before + self.config["workers"])
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}\n{self.stderr()}\n{self.log_text()}") from None
        return self

    def _wait_started(self, starts):
        """Until the log tells of so many starts of a worker; the listening sockets are there before."""

        def started():
            assert self.process.poll() is None, f"sluice run ended with {self.process.returncode}"
            return self.log_text().count("worker_started") >= starts

        wait_until(started, "the workers to start")

    def ask(self, command):
        """`sluice reload` or `sluice upgrade`, to its end."""
        return run_sluice(command, "--config", self.config_file, timeout=100)

    def reload(self, changes=None):
        """With these changes to the file; they must be taken."""
        self.write_config(changes)
        done = self.ask("reload")
        assert done.returncode == 0, f"{done.stderr}\n{self.log_text()}"

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self, timeout=40):
        """Ends it as an operator does; everything it had to log is in the log then."""
        if self.process is None or self.process.returncode is not None:
            return
        self.terminate()
        try:
            status = self.process.wait(timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"not drained after {timeout} s\n{self.log_text()}") from None
        assert status == 0, f"exit status {status}\n{self.stderr()}\n{self.log_text()}"
        if self.json_log:
            strange = undescribed(self._read_log(None, {}))
            assert not strange, f"docs/guide/log.md (src/app/inspect/log_table.cpp) does not explain {strange}"

    # ---- clients ---------------------------------------------------------------------------------------------

    def connect(self, source=None, **options):
        return Client(self.port, source=source, address=self.address, **options)

    # ---- what it said ----------------------------------------------------------------------------------------

    def stderr(self):
        return (self.directory / "stderr").read_text("utf-8", "replace")

    def log_text(self):
        """The text that is written by now; for messages of assertions, and for conditions of wait_until()."""
        path = self.directory / "log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def _read_log(self, event, fields):
        """The lines that are there by now: each is written up to 100 ms after what it tells of, by each process for itself.

        Tests wait for what they expect, by the methods below.
        """
        text = self.log_text()
        lines = text[: text.rfind("\n") + 1].splitlines()  # the last one may still be being written
        records = [json.loads(line) for line in lines]
        return [
            r
            for r in records
            if (event is None or r["event"] == event) and all(r.get(key) == value for key, value in fields.items())
        ]

    def wait_records(self, event, count, timeout=10.0, **fields):
        """The log lines of an event whose fields have these values, as dictionaries, once there are so many of them.

        If there may be no more than that: records_after_stop().
        """

        def enough():
            return len(found := self._read_log(event, fields)) >= count and found

        assert count > 0, "that none comes is known when it has stopped"
        return wait_until(enough, lambda: f"{count} times {event} {fields} in:\n{self.log_text()}", timeout)

    def wait_record(self, event, timeout=10.0, **fields):
        """The first such log line."""
        return self.wait_records(event, 1, timeout, **fields)[0]

    def records_after_stop(self, event=None, **fields):
        """All such log lines that there will ever be, perhaps none: it is stopped, if that has not been done yet."""
        self.stop()
        return self._read_log(event, fields)

    def log_after_stop(self):
        """The whole of it, once it has ended."""
        self.stop()
        return self.log_text()

    def worker_pids(self):
        """Process identifiers of the workers, as the kernel tells them."""
        return workers_of(self.process.pid)

    def store_pid(self):
        """Returns the process identifier of the store process, or None."""
        return next(iter(children_of(self.process.pid, "sluice-store")), None)
