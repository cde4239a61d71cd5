"""Faults of DNS and of the store, overload and the rest are counted, each under its own name; and counters outlive
workers and generations."""

import contextlib
import os
import re
import signal
import socket
import time

import pytest

from harness.certificates import make_certificate
from harness.mail import message, new_token
from harness.operator import REMEMBERS, Operator
from harness.scripted_dns import ScriptedDns
from harness.sluice import merged, run_sluice
from harness.waiting import PATIENCE, free_port, wait_until

QUICK = {"max_delay_s": 0}  # slow clients are judged as ever, and not held
CLIENT = "127.0.140.1"
LIST = "bl.example.net"


@pytest.fixture
def counting(start_sluice, postfix):
    """Sluice with this configuration, and its operator."""

    def start(config=None):
        sluice = start_sluice(postfix.private_port, config=merged({"pace": QUICK}, config or {}))
        return sluice, Operator(sluice)

    return start


def visit(sluice, source=CLIENT, helo="client.example.org", mail=True):
    with sluice.connect(source=source) as client:
        client.greet(helo)
        client.envelope()
        if mail:
            assert client.content(message(new_token())).code == 250
        client.quit()


def counted(operator, series, number=1):
    """Waits: a session is over a moment after its client has gone."""
    return wait_until(
        lambda: operator.metrics()[series] == number,
        lambda: f"{series} {number} among {[each for each in operator.metrics().items() if each[1]]}",
    )


def first_word(value):
    """Returns the first word of a dns_list_error; the code that a list has answered with may follow."""
    return value.split(":")[0]


def dns(about, result):
    return f'sluice_dns_answers_total{{about="{about}",result="{result}"}}'


# ---- the form ------------------------------------------------------------------------------------------------


def test_the_text_is_what_prometheus_reads(counting):
    _, operator = counting()
    text = operator("metrics")
    assert text.endswith("\n")
    described, seen = set(), set()
    for line in text.splitlines():
        if comment := re.fullmatch(r"# (HELP|TYPE) (sluice_[a-z_]+) (.+)", line):
            assert (comment[1], comment[2]) not in described, "a family is described once"
            described.add((comment[1], comment[2]))
            assert comment[1] == "HELP" or comment[3] == ("counter" if comment[2].endswith("_total") else "gauge")
            continue
        sample = re.fullmatch(r'(sluice_[a-z_]+)(\{[a-z]+="[a-z_]+"(?:,[a-z]+="[a-z_]+")*\})? (\d+)', line)
        assert sample, line
        assert {("HELP", sample[1]), ("TYPE", sample[1])} <= described, "before its numbers"
        assert (sample[1], sample[2]) not in seen
        seen.add((sample[1], sample[2]))


def test_without_a_running_sluice(tmp_path):
    done = run_sluice("metrics", "--state-dir", tmp_path)
    assert done.returncode == 1 and "no Sluice answers" in done.stderr and done.stdout == ""


# ---- mail ----------------------------------------------------------------------------------------------------


def test_sessions_messages_and_recipients(counting):
    sluice, operator = counting()
    visit(sluice)
    with sluice.connect(source=CLIENT) as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        client.expect(550, "RCPT TO:<nobody@example.test>")
        counted(operator, "sluice_sessions", 1)
    counted(operator, 'sluice_sessions_total{lane="fast",outcome="left"}')
    counted(operator, 'sluice_sessions_total{lane="fast",outcome="quit"}')
    counted(operator, "sluice_sessions", 0)
    found = operator.metrics()
    assert found['sluice_messages_total{result="accepted"}'] == 1
    assert found['sluice_recipients_total{result="accepted"}'] == 1
    assert found['sluice_recipients_total{result="unknown"}'] == 1
    assert found["sluice_workers"] == 1


def test_refusals_of_the_policy_are_counted(counting):
    sluice, operator = counting({"policy": {"networks": {"reject": ["127.0.140.2"], "defer": ["127.0.140.3"]}}})
    for source, result, lane in (("127.0.140.2", "refused", "reject"), ("127.0.140.3", "deferred", "defer")):
        with sluice.connect(source=source) as client:
            client.greet()
            client.expect(250, "MAIL FROM:<sender@example.org>")
            client.command("RCPT TO:<alice@example.test>")
            client.quit()
        counted(operator, f'sluice_sessions_total{{lane="{lane}",outcome="quit"}}')
        assert operator.metrics()[f'sluice_recipients_total{{result="{result}"}}'] == 1


def test_an_mta_that_is_down(start_sluice):
    operator = Operator(start_sluice(free_port()))
    counted(operator, 'sluice_mta_troubles_total{what="down"}')


def test_handshakes(counting, tmp_path):
    chain = make_certificate(tmp_path, "mx", "DNS:mx.example.test").chain
    sluice, operator = counting({"tls": {"chain_files": [chain]}})
    with sluice.connect(source=CLIENT) as client:
        client.greet()
        client.expect(220, "STARTTLS")
        client.wrap("mx.example.test")
        client.expect(250, "EHLO client.example.org")
        client.quit()
    with sluice.connect(source=CLIENT) as client:
        client.greet()
        client.expect(220, "STARTTLS")
        client.send("this is no handshake\r\n")
        sluice.wait_record("session", outcome="tls_failed")
    counted(operator, 'sluice_tls_handshakes_total{result="failed"}')
    assert operator.metrics()['sluice_tls_handshakes_total{result="done"}'] == 1


# ---- DNS -----------------------------------------------------------------------------------------------------

FAULTS = {
    "servfail": "servfail",
    "refused": "refused",
    "lame": "lame",
    "malformed": "malformed",
    "truncated_only": "unreachable",
    "silent": "timed_out",
}


def deadline_ms(fault):
    """For an answer that comes, time enough on any machine; for one that is to be late, less than it takes."""
    return 1000 if fault in ("slow", "silent") else 2000


@pytest.mark.parametrize(
    "fault, word",
    [
        *FAULTS.items(),
        ("slow", "timed_out"),
        ("lists_everything", "lists_everything"),
        ("refuses_us", "bad_answer"),
        ("taken_over", "bad_answer"),
    ],
)
def test_a_list_that_errs_is_no_opinion(counting, fault, word):
    """Mail flows, the log names the fault, and the metrics count it by the same word."""
    with ScriptedDns({LIST: fault}) as server:
        policy = {"dnsbl": [{"zone": LIST}], "dns_deadline_ms": deadline_ms(fault)}
        sluice, operator = counting({"dns": {"servers": [server.address]}, "policy": policy})
        for visits in (1, 2):  # the second from the resolver's cache, where there is something to keep
            visit(sluice)
            counted(operator, dns("dnsbl", word), visits)
        for record in sluice.wait_records("session", 2, client=CLIENT):
            assert (record["lane"], record["score"]) == ("fast", 0)
            errors = [(s["what"], first_word(s["value"])) for s in record["signals"] if s["signal"] == "dns_list_error"]
            assert errors == [(LIST, word)], record
        found = operator.metrics()
        assert sum(number for series, number in found.items() if 'about="dnsbl"' in series) == 2
        if fault == "slow":
            wait_until(lambda: operator.metrics()["sluice_dns_slow_answers_total"] >= 1, "its answer, too late")
        else:
            assert found["sluice_dns_slow_answers_total"] == 0
        explained = operator.explain(CLIENT)["signals"]
        assert [(s["signal"], s["what"], first_word(s["value"])) for s in explained] == [("dns_list_error", LIST, word)]
        unusable = sluice.records_after_stop("dns_list_unusable")
        assert len(unusable) == (word in ("lists_everything", "bad_answer")), "told once"


def test_a_listing_that_comes_by_tcp_counts(counting):
    """The answer over UDP was cut; control: this is what a list that does not err looks like."""
    for fault in ("truncated", "listing"):
        with ScriptedDns({LIST: fault}) as server:
            policy = {"dnsbl": [{"zone": LIST}], "dns_deadline_ms": 2000}
            sluice, operator = counting({"dns": {"servers": [server.address]}, "policy": policy})
            visit(sluice)
            counted(operator, dns("dnsbl", "found"))
            record = sluice.wait_record("session", client=CLIENT)
            assert (record["lane"], record["score"]) == ("slow", 10), record


@pytest.mark.parametrize("fault", ["silent", "servfail", "absent"])
def test_a_list_is_believed_until_it_is_known_to_list_everybody(counting, fault):
    """Whether it lists 127.0.0.1 cannot be found out; at the deadline the listing counts."""
    with ScriptedDns({LIST: "listing", f"1.0.0.127.{LIST}": fault}) as server:
        policy = {"dnsbl": [{"zone": LIST}], "dns_deadline_ms": deadline_ms(fault)}
        sluice, operator = counting({"dns": {"servers": [server.address]}, "policy": policy})
        visit(sluice)
        counted(operator, dns("dnsbl", "found"))
        record = sluice.wait_record("session", client=CLIENT)
        assert (record["lane"], record["score"]) == ("slow", 10), record
        assert any(question.startswith(f"1.0.0.127.{LIST}.") for question in server.asked)


def test_a_list_that_lists_everybody_for_a_while(counting):
    """As its domain lapses and is bought back: what it says counts again, when it no longer lists 127.0.0.1."""
    with ScriptedDns({LIST: "lists_everything"}) as server:
        policy = {"dnsbl": [{"zone": LIST}], "dns_deadline_ms": 2000}
        sluice, operator = counting({"dns": {"servers": [server.address]}, "policy": policy})
        visit(sluice)
        assert LIST in sluice.wait_record("dns_list_unusable")["why"]
        server.faults[LIST] = "listing"
        sluice.reload()  # workers with an empty cache; a list's TTL would be waited for
        visit(sluice, source="127.0.140.9")
        assert sluice.wait_record("session", client="127.0.140.9")["lane"] == "slow"
        counted(operator, dns("dnsbl", "found"))


@pytest.mark.parametrize("fault, word", FAULTS.items())
def test_names_that_cannot_be_asked_for_are_no_sign(counting, fault, word):
    """Neither that of the address, nor that in HELO."""
    with ScriptedDns({"in-addr.arpa": fault, "client.example": fault}) as server:
        signals = {"no_ptr": 2, "ptr_unconfirmed": 2, "dynamic_name": 3, "helo_unresolvable": 2}
        policy = {"signals": signals, "dns_deadline_ms": deadline_ms(fault), "thresholds": {"slow": 1}}
        sluice, operator = counting({"dns": {"servers": [server.address]}, "policy": policy})
        visit(sluice, helo="some.client.example")
        record = sluice.wait_record("session", client=CLIENT)
        errors = {(s["what"], s["value"]) for s in record["signals"] if s["signal"] == "dns_error"}
        assert errors == {("ptr", word), ("helo", word)}, record
        assert (record["lane"], record["score"]) == ("fast", 0)
        counted(operator, dns("ptr", word))
        counted(operator, dns("helo", word))


# ---- the store -----------------------------------------------------------------------------------------------


def test_a_store_that_is_killed(counting):
    """Mail goes on without; what was not answered is counted, and that it had gone."""
    sluice, operator = counting(REMEMBERS)
    visit(sluice)
    assert operator.metrics()["sluice_store_questions_total"] >= 1
    assert operator.metrics()["sluice_store_unanswered_total"] == 0
    store = sluice.store_pid()
    os.kill(store, signal.SIGSTOP)  # so that it has questions when it dies
    with sluice.connect(source=CLIENT) as client:
        os.kill(store, signal.SIGKILL)
        client.expect(220)
        client.quit()
    sluice.wait_record("store_up", timeout=20)
    found = operator.metrics()
    assert found["sluice_store_unanswered_total"] >= 1
    assert found['sluice_store_troubles_total{what="down"}'] >= 1
    visit(sluice)


def test_a_store_that_hangs(counting):
    sluice, operator = counting(merged(REMEMBERS, {"state": {"deadline_ms": 200}}))
    store = sluice.store_pid()
    os.kill(store, signal.SIGSTOP)
    try:
        visit(sluice)
        sluice.wait_record("store_slow")
        found = operator.metrics()
        assert found["sluice_store_unanswered_total"] >= 1
        assert found['sluice_store_troubles_total{what="slow"}'] == 1
    finally:
        os.kill(store, signal.SIGCONT)


def test_waits_that_strangers_are_put_to(counting):
    config = {"policy": {"default_lane": "slow", "pregreet": {"wait_ms": 300}, "greylist": {"who": "all", "delay_s": 1}}}
    sluice, operator = counting({"store": "local"} | config)
    for code in (450, 250):
        with sluice.connect(source=CLIENT) as client:
            client.greet()
            client.expect(250, "MAIL FROM:<sender@example.org>")
            assert client.command("RCPT TO:<alice@example.test>").code == code
            client.quit()
        time.sleep(1.5)  # longer than the delay
    counted(operator, 'sluice_greylist_total{result="pass"}')
    found = operator.metrics()
    assert found["sluice_pregreet_waits_total"] == 2
    assert found['sluice_greylist_total{result="wait"}'] == 1


# ---- overload ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sessions, step", [(9, "high"), (13, "higher"), (18, "highest")])
def test_who_is_turned_away_by_which_step(counting, sessions, step):
    suspect = "127.0.141.1"
    networks = {"fast": [f"{CLIENT}/32"], "slow": [f"{suspect}/32"]}
    policy = {"networks": networks, "overload": {"sessions_percent": 40}}
    sluice, operator = counting({"limits": {"sessions_max": 20}, "policy": policy})
    with contextlib.ExitStack() as held:
        for _ in range(sessions):
            held.enter_context(sluice.connect(source=CLIENT)).expect(220)
        time.sleep(0.2)  # whoever comes now is judged by all of them: it looks again after a tenth of a second
        with sluice.connect(source=suspect) as client:
            client.expect(421)
    counted(operator, f'sluice_turned_away_total{{step="{step}"}}')
    found = operator.metrics()
    assert sum(number for series, number in found.items() if series.startswith("sluice_turned_away")) == 1
    assert found[f'sluice_pressure_changes_total{{step="{step}"}}'] == 1
    sluice.wait_record("pressure", why=step)  # the log says so, too


def test_too_many_sessions_of_one_address(counting):
    sluice, operator = counting({"limits": {"sessions_per_client_max": 1}})
    with sluice.connect(source=CLIENT) as first:
        first.expect(220)
        with sluice.connect(source=CLIENT) as second:
            second.expect(421)
    counted(operator, 'sluice_turned_away_total{step="client"}')
    refused = sluice.wait_record("session", outcome="refused")
    assert [(s["signal"], s["value"]) for s in refused["signals"]] == [("overload", "client")]


# ---- what counters outlive -----------------------------------------------------------------------------------

ACCEPTED = 'sluice_messages_total{result="accepted"}'


def test_counters_survive_the_death_of_a_worker(counting):
    sluice, operator = counting({"workers": 2})
    for number in range(4):
        visit(sluice, source=f"127.0.142.{number}")
    counted(operator, ACCEPTED, 4)
    before = operator.metrics()
    held = [sluice.connect(source=CLIENT) for _ in range(4)]
    for client in held:
        client.expect(220)
    for pid in sluice.worker_pids():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: sluice.log_text().count("worker_started") == 4, "two new workers")
    counted(operator, "sluice_workers", 2)
    counted(operator, "sluice_sessions", 0)  # theirs have ended with them
    after = operator.metrics()
    assert after["sluice_worker_deaths_total"] == 2
    assert all(after[series] >= number for series, number in before.items() if "_total" in series)
    visit(sluice)
    counted(operator, ACCEPTED, 5)


def test_a_reload_goes_on_counting(counting):
    sluice, operator = counting()
    visit(sluice)
    with sluice.connect(source=CLIENT) as old:
        old.expect(220)
        for workers in (1, 3, 1):
            sluice.reload({"workers": workers})
            visit(sluice)
        counted(operator, ACCEPTED, 4)
        counted(operator, "sluice_sessions", 1)
        assert operator.metrics()["sluice_workers"] >= 2, "one that is about to end"
        old.quit()
    wait_until(lambda: operator.metrics()["sluice_workers"] == 1, "the old workers' end")
    assert operator.metrics()[ACCEPTED] == 4
    sluice.reload({"workers": 3})
    assert operator.metrics()[ACCEPTED] == 4


def test_only_the_owner_may_ask(counting):
    """An asker that sends nothing, or too much, is not answered, and the next one is."""
    sluice, operator = counting()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asker:
        asker.connect(f"{sluice.config['state_dir']}/control")
        asker.send(b"metrics please")
        assert asker.recv(100) == b"refused\nno such command here\n"
    assert operator.metrics()["sluice_workers"] == 1
