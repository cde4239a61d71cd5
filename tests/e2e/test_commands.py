"""The command line, and `sluice sink`: what a newcomer meets first."""

import os
import pathlib
import re
import signal
import subprocess

import pytest

from harness.client import Client
from harness.mail import message, new_token, trace_of
from harness.sluice import BINARY, BUILD, check_mta, run_sluice
from harness.waiting import PATIENCE, free_port, wait_for_port, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("word", ["version", "--version"])
def test_version(word):
    done = run_sluice(word)
    assert done.returncode == 0 and done.stdout.startswith("sluice ") and done.stdout.split()[1][0].isdigit()


@pytest.mark.parametrize(
    "command, words",
    [
        ([], ["run", "check", "sink", "version", "--version", "sessions", "unblock"]),
        (["run"], ["--config", "--listen", "--relay", "--workers", "--state-dir", "--log", "SIGTERM"]),
        (["check"], ["--config", "--relay"]),
        (["sink"], ["--listen", "--maildir"]),
        (["sessions"], ["--lane", "--top", "/etc/sluice/sluice.toml"]),
        (["forget"], ["--act", "--reputation", "--dry-run"]),
        (["version"], []),
    ],
)
def test_help(command, words):
    done = run_sluice(*command, "--help")
    assert done.returncode == 0
    assert [word for word in words if word not in done.stdout] == []


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["walk"],
        ["run", "--nonsense"],
        ["run", "--listen", "here"],
        ["run", "--workers", "-1"],
        ["run", "--relay", "127.0.0.1:0"],
        ["run", "--config", "/nonexistent/sluice.toml"],
        ["sink"],
    ],
)
def test_wrong_usage(command):
    done = run_sluice(*command)
    assert done.returncode == 2 and done.stderr


@pytest.mark.parametrize(
    "command, said",
    [
        ([], "sluice: name a command\n"),
        (["chekc"], "sluice: there is no command chekc; did you mean check?\n"),
        (["--config", "x"], "sluice: there is no command --config\n"),
    ],
)
def test_what_is_no_command_is_told(command, said):
    done = run_sluice(*command)
    assert done.returncode == 2 and done.stderr.startswith(said), done.stderr


@pytest.fixture
def sink(tmp_path):
    """`sluice sink`; its port. Ended by SIGTERM, with exit status 0."""
    port = free_port()
    command = [BINARY, "sink", "--listen", f"127.0.0.1:{port}", "--maildir", tmp_path / "Maildir"]
    (tmp_path / "recipients").write_text("alice@example.test\n@open.example.test\n")
    command += ["--recipients", tmp_path / "recipients"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    wait_for_port(port, process)
    yield port
    process.terminate()
    assert process.wait(10 * PATIENCE) == 0


def delivered(directory):
    return [path.read_bytes() for path in (directory / "Maildir/new").glob("*")]


def test_the_sink_keeps_mail(sink, tmp_path):
    sent = message(new_token(), b".\r\n..\r\n\xff\r\n" + b"x" * 100_000 + b"\r\n")
    with Client(sink) as client:
        client.greet()
        client.envelope()
        assert client.content(sent).code == 250
        client.quit()
    trace_of(delivered(tmp_path)[0], sent)
    assert {path.name for path in (tmp_path / "Maildir").iterdir()} >= {"new", "cur", "tmp"}
    assert list((tmp_path / "Maildir/tmp").iterdir()) == []


def test_the_sink_knows_who_exists(sink):
    with Client(sink) as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        reply = client.command("RCPT TO:<bob@example.test>")
        assert (reply.code, reply.enhanced) == (550, "5.1.1")
        client.expect(250, "RCPT TO:<anybody@open.example.test>")


def test_sluice_before_the_sink(sink, start_sluice, tmp_path):
    """The pair of `./dev run`: pooled XCLIENT, the true client in the trace."""
    sluice = start_sluice(sink)
    for n in range(1, 6):
        sent = message(new_token())
        with sluice.connect(source=f"127.0.96.{n}") as client:
            client.greet()
            client.envelope()
            assert client.content(sent).code == 250
        mine = [mail for mail in delivered(tmp_path) if mail.endswith(sent.replace(b"\r\n", b"\n"))]
        assert f"[127.0.96.{n}]" in trace_of(mine[0], sent)


def test_check_is_content_with_the_sink(sink):
    done = check_mta(sink)
    assert done.returncode == 0 and "pooling   works" in done.stdout


@pytest.mark.skipif(BUILD != ROOT / "build/release", reason="./dev run is for the release build")
def test_dev_run():
    """From `./dev run` to a mail in the Maildir, by the very command it prints; Ctrl-C stops all of it."""
    if any(in_use(port) for port in (2525, 2526)):
        pytest.skip("somebody uses port 2525 or 2526 (./dev run?)")
    maildir = ROOT / "build/run/Maildir/new"
    before = set(maildir.glob("*"))
    process = subprocess.Popen(
        [ROOT / "dev", "run"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        said = ""
        while "Ctrl-C stops it" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        command = re.search(r"\{ printf .*?/dev/tcp/[\d./]+", said, re.DOTALL).group()
        dialogue = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=True)
        assert "\n250 2.0.0" in dialogue.stdout and dialogue.stdout.splitlines()[-1].startswith("221 ")
        mails = wait_until(lambda: set(maildir.glob("*")) - before, "the mail")
        assert b"\nThrough the sluice.\n" in mails.pop().read_bytes()
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20 * PATIENCE) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert not any(in_use(port) for port in (2525, 2526))


def in_use(port):
    try:
        Client(port).close()
        return True
    except ConnectionRefusedError:
        return False
