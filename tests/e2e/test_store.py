"""The store, the operator's commands on it, and what happens when the store process does not answer."""

import contextlib
import json
import os
import pwd
import shutil
import signal

import pytest

from harness.dns import Rbldnsd, Unbound
from harness.mail import message, new_token
from harness.operator import REMEMBERS, Operator
from harness.sluice import BINARY, run_sluice
from harness.waiting import PATIENCE, wait_until

NETWORK = "127.0.120.0/24"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def sluice(start_sluice, postfix):
    return start_sluice(postfix.private_port, config=REMEMBERS)


@pytest.fixture
def operator(sluice):
    return Operator(sluice)


def send_mail(sluice, source="127.0.0.1"):
    with sluice.connect(source=source) as client:
        client.greet()
        client.envelope()
        assert client.content(message(new_token())).code == 250
        client.quit()


# ---- the store process -----------------------------------------------------------------------------------------


def test_the_store_process_is_killed_and_mail_flows(sluice, operator):
    sluice.wait_record("store_started")
    for killed in range(1, 3):
        victim = wait_until(sluice.store_pid, "a store process")
        os.kill(victim, signal.SIGKILL)
        send_mail(sluice)
        assert sluice.wait_record("store_died", pid=victim)["signal"] == signal.SIGKILL
        sluice.wait_records("store_down", killed)  # the worker misses it
        sluice.wait_records("store_started", killed + 1)
        sluice.wait_records("store_up", killed)
    assert operator("acts") == ""
    assert [len(sluice.records_after_stop(event)) for event in ("store_down", "store_up")] == [2, 2], "told once each"


def test_a_store_process_that_hangs_costs_commands_their_patience_only(sluice, operator):
    victim = wait_until(sluice.store_pid, "a store process")
    os.kill(victim, signal.SIGSTOP)
    try:
        done = operator.command("acts")
        assert done.returncode == 1 and "no answer within the deadline" in done.stderr
        send_mail(sluice)
    finally:
        os.kill(victim, signal.SIGCONT)
    assert operator("acts") == ""


# ---- acts ------------------------------------------------------------------------------------------------------


def acts(operator):
    """network -> the line that tells of it."""
    return {line.split()[0]: line for line in operator("acts").splitlines()}


def test_acts_are_listed_and_logged(sluice, operator):
    assert operator("block", NETWORK, "--why", "spam all night").split()[:2] == [NETWORK, "reject"]
    operator("block", "127.0.121.9", "--lane", "slow", "--for", "1h")
    operator("allow", "2001:db8::/32", "--for", "2d", "--why", "a partner")
    listed = acts(operator)
    me = os.environ.get("SUDO_USER") or pwd.getpwuid(os.geteuid()).pw_name
    assert listed[NETWORK].split() == [NETWORK, "reject", "for", "ever", me, "spam", "all", "night"]
    assert listed["127.0.121.9/32"].split()[1:3] in (["slow", "1h"], ["slow", "59m"])
    assert listed["2001:db8::/32"].split()[1:3] in (["fast", "2d"], ["fast", "1d"])
    assert sluice.wait_record("act", network=NETWORK)["act"] == f"reject {me} spam all night"
    assert sluice.wait_record("operator_changed", command=f"block {NETWORK}")["user"] == os.geteuid()

    assert operator("forget", NETWORK) == f"forgotten: act/{NETWORK}  reject by {me}, for ever: spam all night\n"
    assert sluice.wait_record("act_ended", network=NETWORK)
    assert sluice.wait_record("operator_changed", command=f"forget {NETWORK}")["records"] == 1
    assert operator("forget", NETWORK) == f"nothing was known of {NETWORK}\n"
    assert NETWORK not in acts(operator)
    changes = sluice.records_after_stop("operator_changed")
    assert len(changes) == 4, "looking changes nothing, nor does what was not there"


def test_an_act_ends_when_its_time_is_over(sluice, operator):
    operator("block", NETWORK, "--for", "1s")
    sluice.wait_record("act", network=NETWORK)
    sluice.wait_record("act_ended", network=NETWORK)
    assert acts(operator) == {}
    assert operator.explain("127.0.120.1")["lane"] == "fast"


def test_acts_outlive_what_keeps_them(sluice, operator):
    """The store process, a reload and Sluice itself."""
    operator("block", NETWORK)
    sluice.wait_record("act", network=NETWORK)

    def holds():
        return operator.explain("127.0.120.1").get("decided", {}).get("network") == NETWORK

    assert holds()
    sluice.wait_record("store_started")
    os.kill(sluice.store_pid(), signal.SIGKILL)
    sluice.wait_records("store_started", 2)
    assert holds()
    sluice.reload({"limits": {"sessions_max": 100}})
    assert holds()
    sluice.stop()
    sluice.start()
    assert holds()
    os.kill(sluice.process.pid, signal.SIGKILL)
    sluice.process.wait()
    sluice.start()
    assert holds()


def test_acts_outlive_an_upgrade(start_sluice, postfix, tmp_path):
    binary = tmp_path / "sluice"
    shutil.copy(BINARY, binary)
    sluice = start_sluice(postfix.private_port, command=[binary], config=REMEMBERS)
    operator = Operator(sluice)
    operator("block", NETWORK, "--lane", "defer")
    assert sluice.ask("upgrade").returncode == 0
    successor = sluice.wait_record("upgraded")["pid"]
    try:
        assert sluice.process.wait(20 * PATIENCE) == 0
        wait_until(lambda: operator.command("acts").returncode == 0, "the successor's store process")
        assert operator.explain("127.0.120.1")["lane"] == "defer"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(successor, signal.SIGTERM)


# ---- reputation, greylist, cache -------------------------------------------------------------------------------


def test_reputation_is_shown_and_reset(sluice, operator):
    operator.weigh("reputation/127.0.122.1", bad=30)
    operator.weigh("reputation/127.0.123.1", good=40)
    operator.weigh("reputation/127.0.122.0/24", bad=10)
    operator.put("block/127.0.122.1", "2 trap_recipient", 90_000)
    shown = operator("reputation", "show", "127.0.122.1")
    assert "bad 30.00" in shown and "bad 10.00" in shown and "level 2, trap_recipient" in shown
    weight = next(line.split()[1] for line in shown.splitlines() if line.split()[0] == "weight")
    assert int(weight) > 10
    assert "127.0.122.0/24" in operator("reputation", "show", "127.0.122.0/24")
    worst, best = operator("reputation", "show", "--count", "1").split("best")
    assert "127.0.122.1 " in worst and "127.0.122.0/24" not in worst and "127.0.123.1" in best
    assert operator("reputation", "reset", "127.0.122.1") == "forgotten: 127.0.122.1\n"
    sluice.wait_record("operator_changed", command="reputation reset 127.0.122.1/32")
    assert "client   127.0.122.1  nothing is known" in operator("reputation", "show", "127.0.122.1")
    assert operator.command("reputation", "show", "127.0.0.0/8").returncode == 2


def test_forget_is_of_all_that_is_remembered(operator):
    operator("allow", "127.0.122.5")
    operator.weigh("reputation/127.0.122.5", bad=1)
    operator.put("block/127.0.122.5", "1 virus", 90_000)
    assert [line.split("  ")[0] for line in operator("forget", "127.0.122.5").splitlines()] == [
        "forgotten: act/127.0.122.5/32", "forgotten: block/127.0.122.5", "forgotten: reputation/127.0.122.5",
    ]  # fmt: skip


def test_greylist(sluice, operator):
    operator.put("greylist/example.org/sender.example", "waiting", 3600)
    operator.put("greylist/example.org/other.example", "passed", 3600)
    operator.weigh("greylist/example.org", good=3)
    operator.put("greylist/example.organ/sender.example", "waiting", 3600)
    rows = [line.split() for line in operator("greylist", "list").splitlines()[1:]]
    assert [row[:3] for row in rows] == [
        ["example.org", "3.0", "0s"],
        ["example.org", "other.example", "passed"],
        ["example.org", "sender.example", "waiting"],
        ["example.organ", "sender.example", "waiting"],
    ]
    assert "and more" in operator("greylist", "list", "--limit", "2")
    assert operator("greylist", "forget", "example.org") == "forgotten: 3 records of example.org\n"
    assert sluice.wait_record("operator_changed", command="greylist forget example.org")["records"] == 3
    assert "example.organ" in operator("greylist", "list")


def test_cache(sluice, operator):
    record = {"kind": "value", "value": "250 2.1.5 Ok", "left_s": 600}
    lines = [json.dumps({"key": f"recipient/r{n}@example.test", **record}) for n in range(130)]
    operator("state", "load", stdin="\n".join(lines))
    assert "250 2.1.5 Ok" in operator("cache", "show", "r7@EXAMPLE.test")
    assert operator("cache", "purge", "r7@example.test") == "forgotten: 1 recipients\n"
    assert "nothing is remembered" in operator("cache", "show", "r7@example.test")
    assert operator("cache", "purge") == "forgotten: 129 recipients\n"
    assert sluice.wait_record("operator_changed", command="cache purge")["records"] == 129


# ---- dump and load ---------------------------------------------------------------------------------------------


def without_times(dump):
    records = [json.loads(line) for line in dump.splitlines()]
    for record in records:
        del record["age_s"]
        del record["left_s"]
    return [record for record in records if not record["key"].startswith("rate/")]


def test_dump_and_load_carry_everything(start_sluice, postfix, sluice, operator):
    operator("block", NETWORK, "--why", 'a "quoted" ä')
    operator("allow", "127.0.121.0/24", "--for", "1h")
    operator.weigh("reputation/127.0.122.1", good=0.25, bad=3)
    many = "\n".join(
        json.dumps({"key": f"greylist/o{n}/d", "kind": "value", "value": "waiting", "left_s": 3600}) for n in range(200)
    )
    counts = {"key": "rate/127.0.122.1", "kind": "counts", "counts": [1, 2, 3, 4, 5, 6], "window_s": 3600}
    loaded = operator("state", "load", stdin=f"{many}\n\n{json.dumps(counts)}\n")
    assert loaded == "201 records are loaded\n"
    assert sluice.wait_record("operator_changed", command="state load", records=201)
    dump = operator("state", "dump")
    assert any(json.loads(line).get("counts") == [1, 2, 3, 4, 5, 6] for line in dump.splitlines())

    other = Operator(start_sluice(postfix.private_port, config=REMEMBERS))
    other("state", "load", stdin=dump)
    again = other("state", "dump")
    before, after = without_times(dump), without_times(again)
    for record in before + after:  # it decays while we look
        for sum_of in ("good", "bad"):
            if sum_of in record:
                record[sum_of] = round(record[sum_of], 3)
    assert after == before and len(before) == 203
    left = [json.loads(line)["left_s"] for line in again.splitlines() if "act/127.0.121.0" in line]
    assert 3500 < left[0] <= 3600
    assert other.explain("127.0.120.1")["lane"] == "reject"


def test_what_is_no_dump_is_not_loaded(operator):
    good = json.dumps({"key": "greylist/o/d", "kind": "value", "value": "waiting", "left_s": 60})
    done = operator.command("state", "load", stdin=f"{good}\nnonsense\n{good}\n")
    assert done.returncode == 1 and "line 2" in done.stderr and "1 records were loaded" in done.stderr
    done = operator.command("state", "load", stdin='{"key":"command/x","kind":"value","value":"","left_s":0}')
    assert done.returncode == 1


# ---- who may, and what may go wrong ----------------------------------------------------------------------------


@as_root
def test_others_may_not(open_directory, start_sluice, postfix):
    sluice = start_sluice(postfix.private_port, directory=open_directory / "sluice", config=REMEMBERS)
    operator = Operator(sluice)
    for words in (["block", NETWORK], ["acts"], ["state", "dump"], ["reputation", "reset", "127.0.0.1"]):
        done = operator.command(*words, user="nobody", group="nogroup", extra_groups=[])
        assert done.returncode == 1 and "Permission denied" in done.stderr, done
    assert acts(operator) == {}


@as_root
def test_what_speaks_to_strangers_may_not(open_directory, start_sluice, postfix):
    """The workers' user reaches the socket, and is refused what is the operator's."""
    sluice = start_sluice(postfix.private_port, directory=open_directory / "sluice", config={**REMEMBERS, "user": "nobody"})
    operator = Operator(sluice)
    assert operator("block", NETWORK)
    group = pwd.getpwnam("nobody").pw_gid
    for words in (["allow", NETWORK], ["forget", NETWORK], ["state", "dump"], ["greylist", "list"]):
        done = operator.command(*words, user="nobody", group=group, extra_groups=[])
        assert done.returncode == 1 and "refuses" in done.stderr, done
    assert acts(operator)[NETWORK].split()[1] == "reject"


@pytest.mark.parametrize(
    "words, fault",
    [
        (["block"], "NETWORK is required"),
        (["block", "192.0.2.1/24"], "did you mean 192.0.2.0/24?"),
        (["allow", "example.org"], "is not an address or NETWORK/PREFIX"),
        (["allow", "192.0.2.0/33"], "is not an address or NETWORK/PREFIX"),
        (["allow", "192.0.2.1", "--for", "soon"], "is not a duration"),
        (["allow", "192.0.2.1", "--for", "0s"], "is not a duration"),
        (["block", "192.0.2.1", "--lane", "fast"], "--lane"),
        (["explain", "somebody"], "is not an address"),
        (["reputation"], "subcommand"),
        (["cache", "show"], "ADDRESS is required"),
    ],
)
def test_wrong_usage(words, fault):
    done = run_sluice(*words)
    assert done.returncode == 2 and fault in done.stderr, done.stderr


def test_no_memory_to_ask(tmp_path):
    done = run_sluice("acts", "--config", "/dev/null")
    assert done.returncode == 2 and "has no state_dir" in done.stderr
    done = run_sluice("acts", "--state-dir", tmp_path)
    assert done.returncode == 1 and "no store answers" in done.stderr


# ---- explain ---------------------------------------------------------------------------------------------------

ZONE = "bl.example.net"


@pytest.fixture(scope="module")
def lists():
    with Rbldnsd({ZONE: {"127.0.125.2": "127.0.0.2"}}) as server:
        yield server


@pytest.fixture
def judging(start_sluice, postfix, lists):
    """Sluice with every source of an opinion."""
    return start_sluice(
        postfix.private_port,
        config={
            "store": "local",
            "dns": {"servers": [lists.address]},
            "policy": {
                "dnsbl": [{"zone": ZONE, "weight": 3}],
                "networks": {"slow": ["127.0.126.0/24"]},
                "thresholds": {"slow": 2, "defer": 10, "reject": 30},
                "trap_recipients": ["trap@example.test"],
                "observe_signals": ["helo_bare"],
            },
        },
    )


def test_explain_shows_every_signal_and_its_source(judging):
    operator = Operator(judging)
    operator.weigh("reputation/127.0.125.2", bad=30)
    operator.put("block/127.0.125.2", "1 trap_recipient", 90_000)
    found = operator.explain("127.0.125.2")
    signals = {signal["signal"]: signal for signal in found["signals"]}
    assert set(signals) == {"blocklist", "reputation", "dnsbl"}
    assert signals["dnsbl"]["what"] == ZONE and signals["dnsbl"]["source"].startswith("dns, sluice.toml:")
    assert signals["blocklist"]["source"] == "store" and signals["blocklist"]["age_s"] < 60
    assert found["score"] == sum(signal["weight"] for signal in found["signals"])
    assert found["lane"] == "reject" and found["thresholds"]["reject"] == 30
    text = operator("explain", "127.0.125.2")
    for word in ("lane       reject", "trap_recipient", ZONE, "reject from 30", "(store, age "):
        assert word in text, text


def test_explain_tells_whose_word_decides(judging):
    operator = Operator(judging)
    listed = operator.explain("127.0.126.1")
    assert listed["lane"] == "slow" and listed["decided"]["network"] == "127.0.126.0/24"
    assert listed["decided"]["source"].startswith("sluice.toml:")
    operator("block", "127.0.0.0/8", "--for", "1h", "--why", "all of it")
    operator("allow", "127.0.126.0/25")
    said = operator.explain("127.0.126.1")
    assert said["lane"] == "fast" and said["decided"]["network"] == "127.0.126.0/25"
    wide = operator.explain("127.0.126.200")
    assert wide["lane"] == "reject" and wide["decided"]["source"].endswith("all of it")
    assert 3500 < wide["decided"]["left_s"] <= 3600
    assert "1h ago" not in operator("explain", "127.0.126.200")


def test_explain_tells_of_the_mail(judging):
    operator = Operator(judging)
    operator.put("recipient/alice@example.test", "250 2.1.5 Ok", 600)
    operator.put("greylist/127.0.127.0/sender.example", "passed", 600)
    words = ("--sender", "a@Sender.example", "--rcpt", "alice@example.test")
    remarks = operator.explain("127.0.127.1", *words)["remarks"]
    assert any("127.0.127.0 with mail from sender.example passes" in remark for remark in remarks)
    assert any("alice@example.test: the MTA said 250 2.1.5 Ok" in remark for remark in remarks)
    remarks = operator.explain("127.0.128.1", *words)["remarks"]
    assert any("waits 1m" in remark for remark in remarks)


@pytest.mark.parametrize(
    "words, signal, source",
    [
        (["--helo", "client"], "helo_bare", "helo"),
        (["--helo", "mx.example.test"], "helo_ours", "helo"),
        (["--helo", "[192.0.2.1]"], "helo_wrong_literal", "helo"),
        (["--helo", "client.example.org"], None, None),
        (["--rcpt", "trap@example.test"], "trap_recipient", "rcpt"),
    ],
)
def test_explain_judges_what_is_said(judging, words, signal, source):
    found = Operator(judging).explain("192.0.2.77", *words)
    noticed = {s["signal"]: s for s in found["signals"] if s["weight"]}
    assert list(noticed) == ([signal] if signal else [])
    if signal:
        assert noticed[signal]["source"] == source and noticed[signal]["weight"] > 0
        observed = signal == "helo_bare"
        assert noticed[signal].get("observed", False) is observed
        assert found["score"] == (0 if observed else noticed[signal]["weight"])


def test_explain_asks_dns_about_names(start_sluice, postfix):
    """As the session does, with the same outcome."""
    lines = [
        'local-zone: "client.example." static',
        'local-data-ptr: "127.0.129.4 110-129-4.dyn.client.example"',
        'local-data: "110-129-4.dyn.client.example. A 127.0.129.4"',
    ]
    with Unbound(lines) as names:
        weights = {"no_ptr": 2, "ptr_unconfirmed": 2, "dynamic_name": 3, "helo_unresolvable": 2}
        config = {
            "store": "local",
            "dns": {"servers": [names.address]},
            "policy": {"signals": weights, "thresholds": {"slow": 4}},
            "pace": {"max_delay_s": 0},
        }
        sluice = start_sluice(postfix.private_port, config=config)
        found = Operator(sluice).explain("127.0.129.4", "--helo", "none.client.example")
        with sluice.connect(source="127.0.129.4") as client:
            client.greet("none.client.example")
            client.expect(250, "MAIL FROM:<sender@example.org>")
            client.command("RCPT TO:<alice@example.test>")
            client.quit()
        record = sluice.wait_record("session", client="127.0.129.4")
    weighed = {s["signal"]: s["weight"] for s in found["signals"]}
    assert weighed == {"dynamic_name": 3, "helo_unresolvable": 2}
    assert weighed == {s["signal"]: s["weight"] for s in record["signals"] if s["weight"]}
    assert (found["lane"], found["score"], found["name"]) == (record["lane"], record["score"], record["name"])


def test_explain_without_a_memory(judging):
    judging.stop()
    found = Operator(judging).explain("127.0.125.2")
    assert [signal["signal"] for signal in found["signals"]] == ["dnsbl"]
    assert any("nothing is remembered" in remark for remark in found["remarks"])
