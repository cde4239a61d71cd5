"""A client's past decides about its next session: lane, log line and `sluice explain` agree."""

import os
import signal
import time

import pytest

from harness.client import send_mail
from harness.mail import message, new_token
from harness.operator import REMEMBERS, Operator
from harness.sluice import merged
from harness.waiting import PATIENCE, wait_until

QUICK = {"max_delay_s": 0}  # slow clients are judged as ever, and not held
TRAP = "trap@example.test"
CLIENT = "127.0.130.1"
NEIGHBOUR = "127.0.130.2"
ANOTHER = "127.0.131.1"


@pytest.fixture
def remembering(start_sluice, postfix):
    """Sluice with a memory and this policy beside it, and its operator."""

    def start(policy=None, **more):
        config = merged(REMEMBERS, {"pace": QUICK, "policy": policy or {}} | more)
        sluice = start_sluice(postfix.private_port, config=config)
        return sluice, Operator(sluice)

    return start


def visit(sluice, source=CLIENT, sender="sender@example.org", recipient=None, mail=False):
    """One session; the reply to its recipient."""
    with sluice.connect(source=source) as client:
        client.greet()
        client.expect(250, f"MAIL FROM:<{sender}>")
        reply = client.command(f"RCPT TO:<{recipient or 'alice@example.test'}>")
        if mail:
            assert client.content(message(new_token())).code == 250
        client.quit()
    return reply


def only_session(sluice, source=CLIENT):
    return sluice.wait_record("session", client=source)


def sessions(sluice, count, source=CLIENT):
    return sluice.wait_records("session", count, client=source)


def signals(record):
    return {s["signal"]: s for s in record["signals"]}


def weights(found):
    return {s["signal"]: s["weight"] for s in found["signals"] if s["weight"]}


def agrees(operator, record, source=CLIENT):
    """Asserts that `explain` shows what the session was judged by."""
    explained = operator.explain(source)
    assert weights(explained) == weights(record), (explained, record)
    assert explained["lane"] == record["lane"] and explained["score"] == record["score"]


# ---- the short-term blocklist ----------------------------------------------------------------------------------


def test_who_met_a_trap_is_known_at_connect(remembering):
    sluice, operator = remembering({"trap_recipients": [TRAP]})
    visit(sluice, recipient=TRAP)
    sessions(sluice, 1)
    visit(sluice)
    record = sessions(sluice, 2)[-1]
    assert record["lane"] == "slow" and signals(record)["blocklist"]["value"].startswith("trap_recipient, ")
    agrees(operator, record)
    visit(sluice, source=NEIGHBOUR)
    assert "blocklist" not in signals(only_session(sluice, NEIGHBOUR))


def test_the_next_block_lasts_longer(remembering):
    sluice, operator = remembering({"trap_recipients": [TRAP]})
    for visits, level in enumerate(("level 1", "level 2", "level 3"), 1):
        visit(sluice, recipient=TRAP)
        sessions(sluice, visits)
        wait_until(lambda text=level: text in operator("reputation", "show", CLIENT), level)


def test_a_harvester_is_blocked(remembering):
    sluice, _ = remembering({"unknown_recipients": {"slow_after": 3}})
    with sluice.connect(source=CLIENT) as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        for guess in range(3):
            client.expect(550, f"RCPT TO:<guess{guess}@example.test>")
        client.quit()
    sessions(sluice, 1)
    visit(sluice)
    assert signals(sessions(sluice, 2)[-1])["blocklist"]["value"].startswith("harvest, ")


# ---- reputation ------------------------------------------------------------------------------------------------


def test_a_bad_reputation_slows_and_a_good_one_speeds_up(remembering):
    sluice, operator = remembering({"default_lane": "slow"})
    operator.weigh(f"reputation/{CLIENT}", bad=30)
    operator.weigh(f"reputation/{ANOTHER}", good=30)
    for source, lane in ((CLIENT, "slow"), (ANOTHER, "fast")):
        visit(sluice, source=source)
        record = only_session(sluice, source)
        assert record["lane"] == lane
        assert (record["score"] > 0) == (lane == "slow")
        agrees(operator, record, source)


def test_mail_that_is_taken_makes_a_good_reputation(remembering):
    sluice, operator = remembering()
    for _ in range(5):
        visit(sluice, mail=True)
    sessions(sluice, 5)
    wait_until(lambda: "-" in operator("reputation", "show", CLIENT).split("weight")[1], "a weight below zero")
    visit(sluice)
    record = sessions(sluice, 6)[-1]
    assert signals(record)["reputation"]["weight"] < 0
    visit(sluice, source=NEIGHBOUR)
    assert abs(only_session(sluice, NEIGHBOUR)["score"]) < 10, "a network alone decides nothing"


def test_reputation_survives_a_restart(remembering):
    sluice, operator = remembering()
    operator.weigh(f"reputation/{CLIENT}", bad=30)
    sluice.stop()
    sluice.start()
    visit(sluice)
    assert only_session(sluice)["lane"] == "slow"


# ---- rates and concurrency -------------------------------------------------------------------------------------


def test_too_many_at_once_whichever_worker_has_them(remembering):
    sluice, operator = remembering({"rates": {"client": {"at_once": 4}}}, workers=2)
    clients = []
    for _ in range(5):
        clients.append(sluice.connect(source=CLIENT))
        clients[-1].greet()
    for client in clients:
        client.quit()
    found = sessions(sluice, 5)
    over = [signals(record)["concurrency"]["value"] for record in found if "concurrency" in signals(record)]
    assert over == ["5"], found
    visit(sluice)
    record = sessions(sluice, 6)[-1]
    assert "concurrency" not in signals(record)
    agrees(operator, record)


def test_the_sessions_of_a_dead_worker_do_not_count(remembering):
    sluice, _ = remembering({"rates": {"client": {"at_once": 2}}})
    held = [sluice.connect(source=CLIENT) for _ in range(2)]
    for client in held:
        client.greet()
    os.kill(sluice.worker_pids()[0], signal.SIGKILL)
    sluice.wait_record("worker_died")
    visit(sluice)
    assert "concurrency" not in signals(only_session(sluice))


def test_sessions_count_although_the_store_process_died(remembering):
    sluice, _ = remembering({"rates": {"client": {"at_once": 2}}})
    held = [sluice.connect(source=CLIENT) for _ in range(2)]
    for client in held:
        client.greet()
    os.kill(sluice.store_pid(), signal.SIGKILL)
    sluice.wait_record("store_up")
    visit(sluice)
    assert signals(only_session(sluice))["concurrency"]["value"] == "3"
    for client in held:
        client.quit()


@pytest.mark.parametrize("rate, value", [("connections", "3 connections"), ("recipients", "4 recipients")])
def test_too_much_in_a_window(remembering, rate, value):
    sluice, operator = remembering({"rates": {"window_s": 3600, "client": {rate: 2}}})
    for number in range(2):
        with sluice.connect(source=CLIENT) as client:
            client.greet()
            client.expect(250, "MAIL FROM:<sender@example.org>")
            client.expect(250, "RCPT TO:<alice@example.test>")
            client.expect(250, "RCPT TO:<bob@example.test>")
            client.quit()
        assert "rate" not in signals(sessions(sluice, number + 1)[-1]) or rate == "recipients"
    visit(sluice)
    record = sessions(sluice, 3)[-1]
    assert signals(record)["rate"]["value"] == value and record["lane"] == "slow"
    visit(sluice, source=NEIGHBOUR)
    assert "rate" not in signals(only_session(sluice, NEIGHBOUR)), "it has done nothing"


# ---- greylisting -----------------------------------------------------------------------------------------------

DELAY_S = round(2 * PATIENCE)
GREYLIST = {"who": "suspects", "delay_s": DELAY_S}


def test_a_suspect_comes_again(remembering):
    sluice, operator = remembering({"default_lane": "slow", "greylist": GREYLIST})
    reply = visit(sluice)
    assert (reply.code, reply.text[:6]) == (450, "4.7.1 ")
    assert visit(sluice).code == 450, "too early"
    time.sleep(DELAY_S + 0.5)  # so that what has not passed now would have had the time
    assert visit(sluice, sender="other@example.org").code == 450, "another letter is no retry"
    assert visit(sluice, source=NEIGHBOUR).code == 250, "another address of the same network"
    assert visit(sluice).code == 250
    assert visit(sluice, sender="sender@another.example").code == 450, "not seen before"
    assert visit(sluice, source=ANOTHER).code == 450
    sluice.stop()
    sluice.start()
    assert visit(sluice).code == 250
    listed = [line.split() for line in operator("greylist", "list").splitlines()]
    assert any(words[:3] == ["127.0.130.0", "example.org", "passed"] for words in listed), listed


def test_a_queue_may_try_its_recipients_in_another_order(remembering):
    sluice, _ = remembering({"greylist": GREYLIST | {"who": "all"}})
    recipients = ["alice@example.test", "bob@example.test"]
    for answer, order in ((450, recipients), (250, recipients[::-1])):
        with sluice.connect(source=CLIENT) as client:
            client.greet()
            client.expect(250, "MAIL FROM:<sender@example.org>")
            for recipient in order:
                client.expect(answer, f"RCPT TO:<{recipient}>")
            client.quit()
        time.sleep(DELAY_S + 0.5)


def test_weak_signs_make_a_suspect_that_is_not_slow(remembering):
    sluice, _ = remembering({"greylist": GREYLIST})
    for helo, code in (("localhost", 250), ("not,a,name", 450)):
        with sluice.connect(source=CLIENT) as client:
            client.greet(helo)
            client.expect(250, "MAIL FROM:<sender@example.org>")
            client.expect(code, "RCPT TO:<alice@example.test>")
            client.quit()
    assert all(record["lane"] == "fast" for record in sessions(sluice, 2))


def test_nobody_else_is_asked_to(remembering):
    sluice, operator = remembering({"greylist": GREYLIST})
    assert visit(sluice).code == 250, "it is fast"
    sluice.reload({"policy": {"default_lane": "slow", "networks": {"slow": [f"{NEIGHBOUR}/32"]}}})
    assert visit(sluice, source=NEIGHBOUR).code == 250, "on a list of the operator's"
    operator.weigh(f"reputation/{ANOTHER}", good=1)
    assert visit(sluice, source=ANOTHER).code == 250, "it has delivered mail before"
    assert visit(sluice).code == 450
    assert visit(sluice, source="127.0.0.1").code == 250, "this host"


# ---- the pause in the greeting ---------------------------------------------------------------------------------


PAUSE_S = min(2 * PATIENCE, 3)


def pauses(sluice, source):
    """Whether it is kept waiting for the end of the greeting; the pause is longer than a session can take without."""
    began = time.monotonic()
    with sluice.connect(source=source) as client:
        lines = client.expect(220).lines
        taken = time.monotonic() - began
        client.quit()
    assert len(lines) == (2 if taken >= 0.9 * PAUSE_S else 1), (lines, taken)
    return len(lines) == 2


def test_only_strangers_wait_for_the_greeting(remembering):
    sluice, operator = remembering({"pregreet": {"wait_ms": round(1000 * PAUSE_S)}})
    assert pauses(sluice, CLIENT)
    operator.weigh(f"reputation/{CLIENT}", good=1)
    assert not pauses(sluice, CLIENT)
    operator("allow", f"{NEIGHBOUR}/32")
    wait_until(lambda: not pauses(sluice, NEIGHBOUR), "an act that has been heard of")


# ---- the operator's word, and observing ------------------------------------------------------------------------


def test_an_act_decides_alone(remembering):
    sluice, operator = remembering({"networks": {"fast": ["127.0.130.0/24"]}})
    operator("block", "127.0.130.0/24", "--why", "a test")
    wait_until(lambda: visit(sluice).code == 550, "a block that has been heard of")
    record = sluice.wait_record("session", client=CLIENT, lane="reject")
    assert "a test" in signals(record)["act"]["value"]
    assert operator.explain(CLIENT)["lane"] == "reject"
    operator("allow", f"{CLIENT}/32", "--for", f"{round(5 * PATIENCE)}s")
    wait_until(lambda: visit(sluice).code == 250, "the smaller network")
    assert visit(sluice, source=NEIGHBOUR).code == 550
    wait_until(lambda: visit(sluice).code == 550, "the end of its time")
    operator("forget", "127.0.130.0/24")
    wait_until(lambda: visit(sluice).code == 250, "what the configuration says")


def test_observing_remembers_and_does_nothing(remembering):
    policy = {"mode": "observe", "trap_recipients": [TRAP], "greylist": {"who": "all", "delay_s": 2}}
    sluice, operator = remembering(policy)
    visit(sluice, recipient=TRAP)
    sessions(sluice, 1)
    assert visit(sluice).code == 250
    record = sessions(sluice, 2)[-1]
    assert (record["lane"], record["would_be"]) == ("fast", "slow")
    assert record["would_be_greylisted"]
    assert len(operator("greylist", "list").splitlines()) == 1, "it has not been asked to come again, so it need not"


def test_observing_says_whom_the_greylist_would_have_put_off(remembering):
    """Once it has delivered mail it is known, and the greylist would not have asked it any more."""
    sluice, _ = remembering({"mode": "observe", "greylist": {"who": "all", "delay_s": 2}})
    for number, put_off in ((1, True), (2, None)):
        assert send_mail(sluice.port, message(new_token()), source=CLIENT).code == 250
        record = sessions(sluice, number)[-1]
        assert (record["lane"], record["would_be"], record.get("would_be_greylisted")) == ("fast", "fast", put_off)


def test_each_mail_says_for_itself_that_it_would_have_been_put_off(remembering):
    """A mail of the same session for which the greylist was not asked is not marked; a second attempt is, as the first was not
    remembered."""
    sluice, _ = remembering({"mode": "observe", "greylist": {"who": "all", "delay_s": 2}})
    with sluice.connect(source=CLIENT) as client:
        client.greet()
        for words in ("MAIL FROM:<a@example.org>", "RCPT TO:<bob@example.test>", "RSET",
                      "MAIL FROM:<a@example.org>", "RSET",
                      "MAIL FROM:<a@example.org>", "RCPT TO:<bob@example.test>", "RSET"):  # fmt: skip
            client.expect(250, words)
        client.quit()
    marks = [record.get("would_be_greylisted") for record in sluice.wait_records("transaction", 3, client=CLIENT)]
    assert marks == [True, None, True]
    assert only_session(sluice)["would_be_greylisted"]


def test_a_signal_that_is_observed_counts_nothing(remembering):
    sluice, operator = remembering({"observe_signals": ["reputation"]})
    operator.weigh(f"reputation/{CLIENT}", bad=30)
    visit(sluice)
    record = only_session(sluice)
    assert (record["lane"], record["score"]) == ("fast", 0)
    assert signals(record)["reputation"]["weight"] > 10


# ---- a memory that is not there --------------------------------------------------------------------------------


def test_a_memory_that_hangs_delays_nobody_for_long(remembering):
    """SIGSTOP: it takes what it is told, and says nothing."""
    sluice, _ = remembering(state={"deadline_ms": 300})
    store = sluice.store_pid()
    os.kill(store, signal.SIGSTOP)
    try:
        times = []
        for _ in range(10):
            began = time.monotonic()
            visit(sluice, mail=True)
            times.append(time.monotonic() - began)
        assert sum(times) < (3 + 10 * 0.3) * PATIENCE, times
        sluice.wait_record("store_slow")
    finally:
        os.kill(store, signal.SIGCONT)
    wait_until(lambda: visit(sluice) and "store_up" in sluice.log_text(), "the store is heard again")
