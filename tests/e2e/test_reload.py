"""A reload changes what new sessions get, and costs no session that is there, nor one that is coming."""

import os
import signal
import socket
import subprocess
import time

import pytest

from harness.client import Closed
from harness.load import Load
from harness.mail import dotted, message, new_token
from harness.sluice import run_sluice
from harness.waiting import PATIENCE, free_port, wait_until

RATE = round(500 / PATIENCE)


def greeting(sluice, **options):
    with sluice.connect(**options) as client:
        return client.expect(220).text


def test_new_sessions_get_the_new_configuration_and_old_ones_finish(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port)
    old_worker = sluice.worker_pids()[0]
    token = new_token()
    with sluice.connect(source="127.0.101.1") as early:
        early.greet()
        early.envelope()
        early.expect(354, "DATA")
        octets = dotted(message(token))
        early.send(octets[:50])
        sluice.reload({"smtp": {"hostname": "new.example.test"}})
        assert greeting(sluice).startswith("new.example.test")
        assert len(sluice.worker_pids()) == 2
        early.send(octets[50:])
        early.expect(250)
        assert early.expect(250, "EHLO again.example.org").lines[0].startswith("mx.example.test")
        early.envelope()
        early.quit()
    wait_until(lambda: old_worker not in sluice.worker_pids(), "the old worker to end with its last session")
    postfix.wait_message(token)
    assert sluice.wait_record("reloaded")["generation"] == 2
    assert not sluice.records_after_stop("worker_died")


def test_sighup_reloads(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port)
    sluice.write_config({"smtp": {"hostname": "new.example.test"}})
    sluice.process.send_signal(signal.SIGHUP)
    sluice.wait_record("reloaded")
    assert greeting(sluice).startswith("new.example.test")


def test_a_client_that_is_idle_is_not_disturbed(start_sluice, postfix):
    """Unlike a drain: nobody hears 421."""
    sluice = start_sluice(postfix.private_port, config={"limits": {"drain_max_s": 1}})
    with sluice.connect() as client:
        client.greet()
        sluice.reload()
        time.sleep(2.5)
        client.expect(250, "NOOP")
        client.quit()


def broken_syntax(sluice):
    sluice.config_file.write_text('listen = ["127.0.0.1:1"]\nworkers = = 2\n')
    return f"{sluice.config_file}:2:11: "


def unknown_key(sluice):
    sluice.config_file.write_text(sluice.config_file.read_text() + "wrokers = 2\n")
    return "unknown key wrokers; did you mean workers?"


@pytest.mark.parametrize("spoil", [broken_syntax, unknown_key])
def test_a_file_that_is_wrong_is_refused(start_sluice, postfix, spoil):
    sluice = start_sluice(postfix.private_port)
    before = sluice.worker_pids()
    text = spoil(sluice)
    done = sluice.ask("reload")
    assert done.returncode == 2 and text in done.stderr, done.stderr
    sluice.process.send_signal(signal.SIGHUP)
    assert text in sluice.wait_record("reload_refused")["why"]
    assert sluice.worker_pids() == before
    assert greeting(sluice).startswith("mx.example.test")


def missing_certificate(sluice, _):
    return {"tls": {"chain_files": [str(sluice.directory / "none.pem")]}}, "none.pem: No such file"


def port_in_use(sluice, postfix):
    return {"listen": [f"127.0.0.1:{postfix.port}"]}, f"cannot listen on 127.0.0.1:{postfix.port}"


def missing_user(sluice, _):
    return {"user": "no-such-user"}, "there is no user no-such-user"


def another_state_dir(sluice, _):
    return {"state_dir": str(sluice.directory / "other")}, None


def spool_of_somebody_else(sluice, _):
    # Root may write into what belongs to root; the user of the workers may not.
    directory = sluice.directory / "roots"
    directory.mkdir(mode=0o700)
    return {"user": "nobody", "spool": {"directory": str(directory)}}, "a worker cannot start with it"


@pytest.mark.parametrize(
    "spoil", [missing_certificate, port_in_use, missing_user, another_state_dir, spool_of_somebody_else]
)
def test_what_cannot_be_done_is_refused(start_sluice, postfix, spoil):
    """Some faults show only when it is tried: with another port of ours beside, which must not stay behind."""
    sluice = start_sluice(postfix.private_port)
    before = sluice.worker_pids()
    extra = free_port()
    changes, text = spoil(sluice, postfix)
    sluice.write_config({"listen": [f"127.0.0.1:{sluice.port}", f"127.0.0.1:{extra}"], "workers": 2, **changes})
    if text is None:  # asked for at the place that it runs with
        done = run_sluice("reload", "--state-dir", sluice.directory / "state")
        text = "state_dir cannot change while Sluice runs"
    else:
        done = sluice.ask("reload")
    assert done.returncode == 1 and text in done.stderr, done.stderr
    sluice.wait_record("reload_refused")
    wait_until(lambda: sluice.worker_pids() == before, "the workers that could not start to be gone")
    wait_until(lambda: refused(extra), "the new port to be closed again")
    assert greeting(sluice).startswith("mx.example.test")
    sluice.write_config({"listen": [f"127.0.0.1:{sluice.port}"], "workers": 1, "user": "",
                         "state_dir": str(sluice.directory / "state"), "tls": {"chain_files": []},
                         "spool": {"directory": ""}})  # fmt: skip
    done = sluice.ask("reload")
    assert done.returncode == 0, done.stderr


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return False
    except ConnectionRefusedError:
        return True


def test_the_addresses_change(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port)
    old, new = sluice.port, free_port()
    waiting = [sluice.connect(source="127.0.102.1") for _ in range(5)]
    sluice.reload({"listen": [f"127.0.0.1:{new}"]})
    sluice.port = new
    assert greeting(sluice)
    wait_until(lambda: refused(old), "the old port to be closed")
    for client in waiting:
        client.greet()
        client.quit()


def test_no_connection_is_refused_or_cut_by_reloads(start_sluice, postfix):
    """500 new sessions a second while the configuration, and the number of workers, change again and again."""
    sluice = start_sluice(postfix.private_port, config={"workers": 2})
    seconds = round(10 + 2 * PATIENCE)
    with Load(sluice.port, RATE, seconds) as load:
        time.sleep(1)
        for workers in (2, 3, 1, 4, 2):
            sluice.reload({"workers": workers, "smtp": {"hostname": f"mx{workers}.example.test"}})
            time.sleep(1)
        assert load.running()
        result = load.result()
    assert result["failures"] == {}, result
    assert result["units"] >= RATE * (seconds - 1), result
    wait_until(lambda: len(sluice.worker_pids()) == 2, "the workers of old to end", timeout=20)


def test_who_waits_in_the_queue_of_a_worker_that_dies_is_served(start_sluice, postfix):
    """Connected while the worker can accept nobody, which is then killed: its successor finds all of them."""
    sluice = start_sluice(postfix.private_port)
    victim = sluice.worker_pids()[0]
    os.kill(victim, signal.SIGSTOP)
    waiting = [sluice.connect(source=f"127.0.103.{n + 1}") for n in range(50)]
    os.kill(victim, signal.SIGKILL)
    for client in waiting:
        client.greet()
        assert time.monotonic() - client.connected_at < 5 * PATIENCE
        client.quit()


def test_a_worker_is_killed_under_load(start_sluice, postfix):
    """Only the sessions it had are cut: with 500 a second, each of some milliseconds, that is a few."""
    sluice = start_sluice(postfix.private_port, config={"workers": 2})
    seconds = round(6 + 2 * PATIENCE)
    with Load(sluice.port, RATE, seconds) as load:
        for _ in range(2):
            time.sleep(2)
            os.kill(sluice.worker_pids()[0], signal.SIGKILL)
        result = load.result()
    assert not [reason for reason in result["failures"] if "refused" in reason], result
    assert sum(result["failures"].values()) <= 50, result
    assert result["units"] >= RATE * (seconds - 1) - 50, result
    assert [each["restart_in_ms"] <= 1000 for each in sluice.records_after_stop("worker_died")] == [True, True]


def test_a_worker_that_hangs_is_replaced(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port)
    victim = sluice.worker_pids()[0]
    os.kill(victim, signal.SIGSTOP)
    assert sluice.wait_record("worker_hung", timeout=60)["pid"] == victim  # after silent_s_max
    assert sluice.wait_record("worker_died")["signal"] == signal.SIGKILL
    assert greeting(sluice)


def test_old_workers_are_not_kept_without_end(start_sluice, postfix):
    """More reloads than are allowed to leave sessions behind: the oldest session is ended, as by SIGTERM."""
    sluice = start_sluice(postfix.private_port)
    clients = []
    for n in range(10):  # retired_max is 8
        clients.append(sluice.connect(source=f"127.0.104.{n + 1}"))
        clients[-1].greet()
        sluice.reload()
    assert clients[0].read_reply().code == 421
    with pytest.raises((Closed, ConnectionError)):
        clients[0].expect(250, "NOOP")
    for client in clients[2:]:
        client.expect(250, "NOOP")
        client.close()


def test_nobody_to_ask(tmp_path):
    config = tmp_path / "sluice.toml"
    config.write_text(f'state_dir = "{tmp_path}"\n')
    done = run_sluice("reload", "--config", config)
    assert done.returncode == 1 and f"no Sluice answers in state_dir {tmp_path}" in done.stderr
    config.write_text("")
    done = run_sluice("reload", "--config", config)
    assert done.returncode == 2 and "has no state_dir" in done.stderr


def test_two_of_them_do_not_share_a_state_directory(start_sluice, postfix):
    sluice = start_sluice(postfix.private_port)
    done = run_sluice(
        "run", "--listen", f"127.0.0.1:{free_port()}", "--relay", f"127.0.0.1:{postfix.private_port}",
        "--state-dir", sluice.directory / "state",
    )  # fmt: skip
    assert done.returncode == 1 and "another Sluice runs with state_dir" in done.stderr
    assert sluice.ask("reload").returncode == 0


def test_only_the_owner_may_ask(open_directory, start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, config={"state_dir": str(open_directory / "state")})
    (open_directory / "state").chmod(0o755)
    command = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--"]
    done = subprocess.run(
        [*command, "/usr/bin/python3", "-c",
         "import socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1])",
         open_directory / "state" / "control"],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert "PermissionError" in done.stderr
    assert sluice.ask("reload").returncode == 0
