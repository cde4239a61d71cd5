"""A worker that serves has no rights, and everything still works.

The tests of what a process in the sandbox can no longer do are in src/guard/sandbox_test.cpp; here the kernel is asked whether
the workers that serve clients are in it, as root's children and without root.
"""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess

import pytest

from harness.certificates import make_certificate
from harness.dns import Rbldnsd
from harness.mail import message, new_token
from harness.sluice import BINARY, SANITIZED, THREAD_SANITIZED, run_sluice
from harness.waiting import wait_until

NOBODY = pwd.getpwnam("nobody")


def roots_chain(directory, name):
    """A key that only root can read, and its certificate, in one file."""
    chain = pathlib.Path(make_certificate(directory, name, f"DNS:{name}.example.test").chain)
    chain.chmod(0o600)
    return chain


def status(pid):
    """/proc/PID/status as a dictionary."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def limits(pid):
    lines = pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
    return {line[:26].strip(): line[26:].split()[:2] for line in lines}


def assert_confined(pid, user, group):
    facts = status(pid)
    assert facts["Uid"].split() == [str(user)] * 4 and facts["Gid"].split() == [str(group)] * 4
    assert facts["NoNewPrivs"] == "1"
    for capabilities in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(facts[capabilities], 16) == 0, capabilities
    if not SANITIZED:  # those builds filter no system calls: src/guard/sanitizers.hpp
        assert facts["Seccomp"] == "2"
    assert limits(pid)["Max core file size"] == ["0", "0"]
    threads = [status(int(task.name)) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
    assert len(threads) >= 3, "the loop, the disk and the log"
    for thread in threads:
        for key in ("Uid", "Gid", "NoNewPrivs", "CapEff", "Seccomp"):
            # ThreadSanitizer has a thread of its own, older than the sandbox; capabilities are a thread's.
            if THREAD_SANITIZED and key == "CapEff" and thread["Name"] == "sluice":
                continue
            assert thread[key] == facts[key], key


def kinds_of_descriptors(pid):
    names = [os.readlink(entry) for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
    return [name.split(":")[0] if name.startswith(("socket:", "pipe:", "anon_inode:")) else name for name in names]


@pytest.fixture
def start_confined(open_directory, start_sluice, postfix):
    """Started by root, with workers that are `nobody`."""

    def start(config=None, **options):
        return start_sluice(
            postfix.private_port,
            config={"user": "nobody", "workers": 2, "state_dir": str(open_directory / "state"), **(config or {})},
            **options,
        )

    return start


def test_workers_are_another_user_without_rights(start_confined):
    sluice = start_confined()
    for pid in sluice.worker_pids():
        assert_confined(pid, NOBODY.pw_uid, NOBODY.pw_gid)
        assert status(pid)["Groups"] == str(NOBODY.pw_gid)
    supervisor = status(sluice.process.pid)
    # CAP_DAC_READ_SEARCH, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_NET_BIND_SERVICE
    most = 1 << 2 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 10
    for capabilities in ("CapPrm", "CapEff", "CapBnd"):
        assert int(supervisor[capabilities], 16) & ~most == 0, capabilities
    assert supervisor["NoNewPrivs"] == "1"
    assert limits(sluice.process.pid)["Max core file size"] == ["0", "0"]
    assert not sluice.records_after_stop("runs_as_root")


def test_a_worker_has_its_own_descriptors_only(start_confined):
    """Its listener, its channel, its connections to the MTA; not those of the other, nor the supervisor's."""
    sluice = start_confined({"workers": 3})
    for pid in sluice.worker_pids():
        listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
        mine = [line for line in listening.splitlines() if f"pid={pid}," in line]
        assert len(mine) == 1 and f":{sluice.port} " in mine[0], mine
        kinds = kinds_of_descriptors(pid)
        files = [kind for kind in kinds if kind.startswith("/")]
        assert set(files) <= {"/dev/null", str(sluice.directory / "log"), str(sluice.directory / "stderr"), f"/proc/{pid}/statm"}, files
        assert f"/proc/{pid}/statm" in files, "it could not look at its own memory"
        assert kinds.count("socket") <= 1 + 1 + 1 + 1, kinds  # listener, channel, an MTA connection, and one to spare


def test_everything_still_works(start_confined, postfix, open_directory, tmp_path):
    """TLS with a key that only root can read, a list, DNS, mail that goes through a file, a log that is rotated."""
    chain = roots_chain(tmp_path, "mx")
    listed = open_directory / "recipients"
    listed.write_text("alice@example.test\n")
    with Rbldnsd({"bl.example.net": {"127.0.106.2": "127.0.0.2"}}) as dns:
        sluice = start_confined({
            "workers": 1,
            "tls": {"chain_files": [str(chain)]},
            "recipients": {"verify": "list", "list_file": str(listed)},
            "dns": {"servers": [dns.address]},
            "policy": {"dnsbl": [{"zone": "bl.example.net", "weight": 3}], "thresholds": {"slow": 2, "defer": 3}},
            "spool": {"memory_octets_max": 4096, "shared_octets_max": 0},
        })  # fmt: skip
        token = new_token()
        with sluice.connect() as client:
            client.greet()
            client.expect(220, "STARTTLS")
            client.wrap("mx.example.test")
            client.expect(250, "EHLO client.example.org")
            client.envelope()
            client.expect(550, "RCPT TO:<bob@example.test>")
            assert client.content(message(token, b"x" * 70 + b"\r\n" + b"y\r\n" * 100_000)).code == 250
            client.expect(221, "QUIT")
        postfix.wait_message(token)

        with sluice.connect(source="127.0.106.2") as client:
            client.greet()
        assert sluice.wait_record("session", client="127.0.106.2")["lane"] == "defer"

        listed.write_text("alice@example.test\nbob@example.test\n")
        sluice.wait_records("list_reloaded", 2)
        fresh = open_directory / "fresh"
        fresh.write_text("carol@example.test\n")
        fresh.rename(listed)
        sluice.wait_records("list_reloaded", 3)

        log = sluice.directory / "log"
        log.rename(sluice.directory / "log.1")
        sluice.process.send_signal(signal.SIGUSR1)
        wait_until(log.exists, "the new file")
        with sluice.connect(source="127.0.106.1") as client:
            client.greet()
            client.quit()
        sluice.wait_record("session", client="127.0.106.1")

        chain.write_bytes(roots_chain(tmp_path, "other").read_bytes())
        sluice.wait_record("certificates_read")
        assert status(sluice.worker_pids()[-1])["Uid"].split()[0] == str(NOBODY.pw_uid)
    for trouble in ("log_not_reopened", "worker_died", "worker_cannot_start"):
        assert not sluice.records_after_stop(trouble)


def test_keys_are_out_of_a_workers_reach(start_confined, tmp_path):
    """Neither its user nor Landlock lets it: the file is not even open in it."""
    chain = roots_chain(tmp_path, "mx")
    sluice = start_confined({"tls": {"chain_files": [str(chain)]}})
    for pid in sluice.worker_pids():
        assert str(chain) not in kinds_of_descriptors(pid)
    done = subprocess.run(["setpriv", "--reuid", "nobody", "--clear-groups", "--regid", "nogroup", "cat", chain],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert "Permission denied" in done.stderr


def test_without_a_user_root_keeps_no_capability(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port)
    assert_confined(sluice.worker_pids()[0], 0, 0)
    sluice.wait_record("runs_as_root")


def test_rootless(open_directory, start_sluice, postfix):
    """On a high port, as a user without rights, with everything that needs none: also a user that is not changed."""
    directory = open_directory / "home"
    directory.mkdir()
    binary = open_directory / "sluice"
    shutil.copy(BINARY, binary)
    os.chown(directory, NOBODY.pw_uid, NOBODY.pw_gid)
    command = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--", binary]
    config = {"user": "daemon"}
    sluice = start_sluice(postfix.private_port, command=command, config=config, directory=directory)
    assert_confined(sluice.worker_pids()[0], NOBODY.pw_uid, NOBODY.pw_gid)
    sluice.wait_record("user_not_changed")
    token = new_token()
    with sluice.connect() as client:
        client.greet()
        client.envelope()
        assert client.content(message(token)).code == 250
    postfix.wait_message(token)
    sluice.reload({"smtp": {"hostname": "new.example.test"}})
    with sluice.connect() as client:
        assert client.expect(220).text.startswith("new.example.test")
    assert not sluice.records_after_stop("runs_as_root")


def test_a_user_that_is_not_there(tmp_path):
    config = tmp_path / "sluice.toml"
    config.write_text('user = "no-such-user"\n')
    for command in ("run", "check"):
        done = run_sluice(command, "--config", config)
        assert done.returncode == 1 and "there is no user no-such-user" in done.stderr, done.stderr
        assert "adduser" in done.stderr


def test_root_is_no_user_for_workers(tmp_path):
    config = tmp_path / "sluice.toml"
    config.write_text('user = "root"\n')
    done = run_sluice("check", "--config", config, "--no-probe")
    assert done.returncode == 1 and "workers are to have a user without rights" in done.stderr


def test_a_spool_that_the_user_cannot_write(tmp_path, postfix):
    """Root could: the workers are asked, before anybody is told that it has started."""
    config = tmp_path / "sluice.toml"
    config.write_text(
        f'user = "nobody"\nlisten = ["127.0.0.1:0"]\nrelay.mta = ["127.0.0.1:{postfix.private_port}"]\n'
        f'state_dir = "{tmp_path}/state"\n'
    )
    done = run_sluice("run", "--config", config)
    assert done.returncode == 1
    assert "cannot write into" in done.stdout and "as nobody" in done.stdout, done.stdout
