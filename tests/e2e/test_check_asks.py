"""`sluice check` asks what it can ask: Redis, name servers and DNS lists, files and directories as the user who will need
them, ports, certificates, Postfix's networks. Each finding begins with what to do, and the exit code is 1 for what will hurt.
"""

import os
import re
import socket
import subprocess

import pytest

from harness.certificates import make_certificate
from harness.operator import REMEMBERS
from harness.postfix import Postfix
from harness.redis import Redis, RedisCluster
from harness.scripted_dns import ScriptedDns
from harness.sluice import BINARY, HOSTNAME, NO_DNS, QUIET, merged, run_sluice, toml
from harness.waiting import free_port

LIST = "bl.example.net"
UNPRIVILEGED = "nobody"


def check(tmp_path, *arguments, **config):
    """Its exit code, and its findings, each in one line."""
    whole = merged({"smtp": {"hostname": HOSTNAME}, "policy": NO_DNS, "listen": [f"127.0.0.1:{free_port()}"]}, config)
    file = tmp_path / "check.toml"
    file.write_text("".join(f"{key} = {toml(value)}\n" for key, value in whole.items()))
    done = run_sluice("check", "--config", file, *arguments)
    assert not done.stderr, done.stderr
    return done.returncode, re.sub(r"\n {12}", " ", done.stdout)


def findings(tmp_path, **config):
    """Checks all but the MTA, which is not there; returns whether something hurts, and what was said."""
    _, said = check(tmp_path, **config)
    said = said.partition("\nMTA ")[0]
    return "  ERROR     " in said, said


def with_dns(server, *zones):
    return {"dns": {"servers": [server.address], "deadline_ms": 1000},
            "policy": {"resolve_names": True, "dnsbl": [{"zone": zone} for zone in zones]}}  # fmt: skip


def test_a_redis_that_keeps_records(tmp_path):
    with Redis("--requirepass", "secret") as redis:
        hurts, said = findings(tmp_path, state_dir=str(tmp_path / "state"), store=redis.url(":secret"))
        assert not hurts and f"ok        Redis 127.0.0.1:{redis.port} keeps records" in said, said


def test_a_cluster_that_keeps_records(tmp_path):
    with RedisCluster() as cluster:
        hurts, said = findings(tmp_path, state_dir=str(tmp_path / "state"), store=cluster.url())
        assert not hurts and "keeps records" in said, said


@pytest.mark.parametrize(
    "login, advice",
    [(":wrong", "Put the right password into store"), ("", "Put its password into store"), (":secret", "")],
)
def test_a_redis_with_a_password(tmp_path, login, advice):
    with Redis("--requirepass", "secret") as redis:
        hurts, said = findings(tmp_path, state_dir=str(tmp_path / "state"), store=redis.url(login))
        assert hurts == bool(advice), said
        assert not advice or f"ERROR     {advice}" in said, said
        assert "secret" not in said and "wrong" not in said.replace("WRONGPASS", "")


def test_a_redis_that_is_not_there(tmp_path):
    code, said = check(tmp_path, "--no-probe", state_dir=str(tmp_path / "state"), store="redis://127.0.0.1:1")
    assert code == 0 and "Redis" not in said, "nobody was to be asked"
    code, said = check(tmp_path, state_dir=str(tmp_path / "state"), store="redis://127.0.0.1:1")
    assert code == 1 and "ERROR     Start Redis, or correct store: 127.0.0.1:1: Connection refused" in said, said


@pytest.mark.parametrize(
    "fault, severity, words",
    [
        ("listing", "ok", f"DNS list {LIST} answers"),
        ("lists_everything", "ERROR", f"Take {LIST} out: it lists 127.0.0.1"),
        ("refuses_us", "ERROR", f"Take {LIST} out of policy.dnsbl"),
        ("taken_over", "ERROR", f"Take {LIST} out of policy.dnsbl"),
        ("silent", "ERROR", f"Take {LIST} out, or mend the way to it"),
        ("absent", "WARNING", f"Look whether {LIST} is the right name"),
    ],
)
def test_dns_lists_by_their_test_entries(tmp_path, fault, severity, words):
    with ScriptedDns({LIST: fault}) as server:
        _, said = findings(tmp_path, **with_dns(server, LIST))
        assert f"  {severity:<10}{words}" in said, said
        assert f"ok        name server {server.address} answers" in said, "it does, whatever the list says"


def test_name_servers_are_asked_one_by_one(tmp_path):
    """One that is dead is hidden by one that answers, until the other is down as well; alone it is an error."""
    with ScriptedDns({}) as alive, ScriptedDns({"root-servers.net": "silent"}) as dead:
        config = with_dns(alive)
        config["dns"]["servers"].append(dead.address)
        hurts, said = findings(tmp_path, **config)
        assert not hurts and f"WARNING   Take {dead.address} out" in said, said
        assert f"ok        name server {alive.address}" in said, said
        config["dns"]["servers"] = [dead.address]
        hurts, said = findings(tmp_path, **config)
        assert hurts and f"or mend {dead.address}: " in said, said


def test_the_port_of_another_program(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        hurts, said = findings(tmp_path, listen=[f"127.0.0.1:{port}"])
        assert hurts and f"or take 127.0.0.1:{port} out of listen: process {os.getpid()} " in said, said


def test_the_ports_of_a_running_sluice(tmp_path, start_sluice, postfix):
    """Its own configuration may be checked at any time; another one that wants its port may not."""
    sluice = start_sluice(postfix.private_port)
    own = run_sluice("check", "--config", sluice.config_file)
    assert own.returncode == 0, own.stdout
    assert f"ok        127.0.0.1:{sluice.port} is listened at by the Sluice that runs" in own.stdout, own.stdout
    hurts, said = findings(tmp_path, listen=[f"127.0.0.1:{sluice.port}"])
    assert hurts and "ERROR     Stop sluice, or take" in said, said
    assert sluice.connect(source="127.0.141.1").expect(220)


def test_files_are_asked_about_as_who_needs_them(open_directory, tmp_path):
    recipients = open_directory / "recipients"
    recipients.write_text("alice@example.test\n")
    recipients.chmod(0o600)
    (open_directory / "spool").mkdir()
    (open_directory / "spool").chmod(0o777)
    config = {"user": UNPRIVILEGED, "spool": {"directory": str(open_directory / "spool")},
              "recipients": {"verify": "list", "list_file": str(recipients)},
              "log": {"destination": str(open_directory / "none" / "log")}}  # fmt: skip
    hurts, said = findings(tmp_path, **config)
    assert hurts and f"ERROR     Let user {UNPRIVILEGED} read {recipients} (recipients.list_file)" in said, said
    assert f"ERROR     Make the directory that is to hold {open_directory}/none/log (log.destination)" in said, said
    recipients.chmod(0o644)
    (open_directory / "none").mkdir()
    hurts, said = findings(tmp_path, **config)
    assert not hurts, said


def test_a_full_disk_is_told_before_it_hurts(tmp_path):
    """In a mount namespace of its own, which goes with the shell."""
    (tmp_path / "disk").mkdir()
    config = tmp_path / "check.toml"
    config.write_text(QUIET + f'state_dir = "{tmp_path}/disk/state"\nlisten = ["127.0.0.1:{free_port()}"]\n')
    script = (
        f"mount -t tmpfs -o size=64k none {tmp_path}/disk && mkdir {tmp_path}/disk/state && "
        f"{{ dd if=/dev/zero of={tmp_path}/disk/full bs=4k 2>/dev/null; {BINARY} check --no-probe --config {config}; }}"
    )
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"ERROR     Make room on the disk of {tmp_path}/disk/state (state_dir)" in done.stdout.replace("\n            ", " ")


def test_a_certificate_that_ends_soon_and_has_another_name(tmp_path):
    certificate = make_certificate(tmp_path, "other", "DNS:other.example.test")
    hurts, said = findings(tmp_path, tls={"chain_files": [certificate.chain]})
    assert not hurts
    assert f"WARNING   Renew the certificate in {certificate.chain}" in said, said
    assert f"WARNING   Get a certificate for {HOSTNAME}, or set smtp.hostname" in said, said
    certificate = make_certificate(tmp_path, "own", f"DNS:{HOSTNAME}")
    assert "Get a certificate" not in findings(tmp_path, tls={"chain_files": [certificate.chain]})[1]


def test_the_networks_that_postfix_lets_relay(tmp_path):
    with Postfix(settings="mynetworks = 127.0.0.0/8, 192.168.7.0/24, [2001:db8:7::]/48\n") as mta:
        where = ("--relay", f"127.0.0.1:{mta.private_port}", "--postfix-config", mta.directory / "etc")
        code, said = check(tmp_path, *where)
        line = 'policy.networks.fast = ["192.168.7.0/24", "2001:db8:7::/48"]'
        assert code == 0 and f"WARNING   Set {line}: Postfix lets them relay" in said, said
        file = tmp_path / "with.toml"
        file.write_text(QUIET.replace("policy = {", f"policy = {{{line.removeprefix('policy.')}, "))
        done = run_sluice("check", "--config", file, *where)
        assert "policy.networks.fast" not in done.stdout, "the printed line is all that it takes"
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("mode, said", [("observe", "would have been"), ("enforce", "were")])
def test_own_machines_that_were_taken_for_strangers(start_sluice, postfix, mode, said):
    """The log names them, and they come before all other advice: before observing ends, and after."""
    policy = {"mode": mode, "networks": {"slow": ["127.0.0.0/8", "10.0.0.0/8"]}}
    proxy = {"networks": ["127.0.0.0/8"]}
    sluice = start_sluice(postfix.private_port, config={"policy": policy, "proxy_protocol": proxy, "pace": {"reply_s": 1}})
    with sluice.connect() as printer:
        printer.send("PROXY TCP4 10.1.2.3 127.0.0.1 40000 25\r\n")
        printer.greet()
        printer.quit()
    sluice.wait_record("session", client="10.1.2.3")
    done = run_sluice("check", "--config", sluice.config_file)
    advice = [line for line in re.sub(r"\n {12}", " ", done.stdout).splitlines() if line.startswith("  WARNING")]
    assert advice[0].startswith('  WARNING   Add "10.1.2.3" to policy.networks.fast if'), done.stdout
    assert f"1 of their sessions {said} held up" in advice[0]


def test_own_machines_that_the_greylist_alone_would_put_off(start_sluice, postfix):
    policy = {"mode": "observe", "greylist": {"who": "all"}}
    config = {**REMEMBERS, "policy": policy, "proxy_protocol": {"networks": ["127.0.0.0/8"]}}
    sluice = start_sluice(postfix.private_port, config=config)
    with sluice.connect() as printer:
        printer.send("PROXY TCP4 10.1.2.3 127.0.0.1 40000 25\r\n")
        printer.greet()
        printer.envelope()
        printer.quit()
    sluice.wait_record("session", client="10.1.2.3", would_be="fast")
    done = run_sluice("check", "--config", sluice.config_file)
    assert 'Add "10.1.2.3" to policy.networks.fast if' in re.sub(r"\n {12}", " ", done.stdout), done.stdout


def test_half_a_configuration_says_what_is_off():
    done = run_sluice("check", "--no-probe", "--relay", "127.0.0.1:10025")
    said = re.sub(r"\n {12}", " ", done.stdout)
    assert done.returncode == 0, said
    (memory,) = re.findall(r"  off       (Set state_dir = .*)", said)
    for part in ("memory", "greylist", "pregreet", "metrics", "reload", "block"):
        assert part in memory
    assert "Set smtp.hostname = " in said and "Set tls.chain_files" in said and 'Set user = "sluice"' in said


def test_postfixs_certificate_is_named(tmp_path):
    certificate = make_certificate(tmp_path, "mta", f"DNS:{HOSTNAME}")
    settings = f"smtpd_tls_security_level = may\nsmtpd_tls_chain_files = {certificate.chain}\n"
    with Postfix(settings=settings) as mta:
        where = ("--relay", f"127.0.0.1:{mta.private_port}", "--postfix-config", mta.directory / "etc")
        _, said = check(tmp_path, *where)
        assert f'WARNING   Set tls.chain_files = ["{certificate.chain}"]: Postfix offers STARTTLS' in said, said


def test_what_the_mta_refuses_is_in_two_names():
    """Sluice's own, and the stranger's by which workers ask too: nobody else is told to have been refused."""
    with Postfix(settings="smtpd_recipient_limit = 70\n") as mta:
        run_sluice("check", "--relay", f"127.0.0.1:{mta.private_port}")
        refused = set(re.findall(r"reject: \w+ from (\S+?\[[^]]+\])", mta.log()))
        assert refused == {"localhost[127.0.0.1]", "sluice-check.example[203.0.113.25]"}
