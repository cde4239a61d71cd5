"""Several machines that share one memory, in a real Redis: what one has learned the others know within a second.

And the Redis that is killed, paused, started again or refuses us: mail goes on.
"""

import subprocess
import time

import pytest

from harness.client import answer_to_recipient
from harness.mail import message, new_token
from harness.redis import Redis, RedisCluster
from harness.scripted_mta import ScriptedMta
from harness.sluice import BINARY
from harness.visitors import Visitors
from harness.waiting import PATIENCE, wait_until

TRAP = "trap@example.test"
DEADLINE_S = min(0.3 * PATIENCE, 0.5)  # missed a few times before the store itself gives a Redis up, after 2 s
POLICY = {"pregreet": {"wait_ms": 0}, "greylist": {"who": "nobody"}, "trap_recipients": [TRAP]}
# "No such user" is shared among clients of the slow lane; which need not be slow for that.
SUSPECTS = {"networks": {"slow": ["127.0.135.0/24", "127.0.136.0/24", "127.0.137.0/24"]}}
QUICK = {"max_delay_s": 0}
SECOND = 1.0 * PATIENCE


@pytest.fixture(scope="module", params=["single", "cluster"])
def redis(request):
    with Redis() if request.param == "single" else RedisCluster() as server:
        yield server


@pytest.fixture
def own_redis():
    """One that the test may do anything to."""
    with Redis() as server:
        yield server


@pytest.fixture
def start_on(start_sluice, postfix):
    """Starts a Sluice whose memory is there, as on a machine of its own."""

    def start(url, policy=None, mta=None):
        config = {
            "store": url,
            "state": {"deadline_ms": round(1000 * DEADLINE_S)},
            "policy": {**POLICY, **SUSPECTS, **(policy or {})},
            "pace": QUICK,
        }
        sluice = start_sluice(mta or postfix.private_port, config=config)
        sluice.wait_record("store_started")
        return sluice

    return start


def command(sluice, *words):
    return subprocess.run(
        [BINARY, *words, "--config", sluice.config_file], capture_output=True, text=True, timeout=30 * PATIENCE,
        check=False,
    )  # fmt: skip


def send_mail(sluice, source):
    """How long the greeting took, and the reply to the recipient."""
    with sluice.connect(source=source) as client:
        client.expect(220)
        greeted = time.monotonic() - client.connected_at
        client.expect(250, "EHLO client.example.org")
        client.envelope()
        asked = time.monotonic() - client.connected_at
        assert client.content(message(new_token())).code == 250
        client.quit()
    return greeted, asked


# ---- what is shared --------------------------------------------------------------------------------------------


def test_who_meets_a_trap_on_one_machine_is_slow_on_the_other(redis, start_on):
    here, there = start_on(redis.url()), start_on(redis.url())
    source = "127.0.130.1"
    answer_to_recipient(here, source, recipient=TRAP)
    here.wait_record("session", client=source)
    time.sleep(SECOND)  # which is what is promised
    with there.connect(source=source) as client:
        client.greet()
        client.quit()
    met = there.wait_record("session", client=source)
    assert met["lane"] == "slow", met
    assert "blocklist" in [signal["signal"] for signal in met["signals"]], met
    assert any("block/127.0.130.1" in key for key in redis.keys())


def test_whom_the_operator_blocks_on_one_machine_the_other_refuses(redis, start_on):
    here, there = start_on(redis.url()), start_on(redis.url())
    client, network = "127.0.131.1", "127.0.131.0/24"
    assert answer_to_recipient(there, client) == 250
    for what, code in (("block", 550), ("forget", 250)):
        done = command(here, what, network)
        assert done.returncode == 0, done.stderr
        began = time.monotonic()
        for each in (there, here):
            wait_until(lambda s=each, c=code: answer_to_recipient(s, client) == c, f"{what} to be known")
            assert time.monotonic() - began < 2 * SECOND, f"{what} was not known within a second"
    assert there.wait_record("act", network=network)


def test_who_has_waited_on_one_machine_passes_on_the_other(redis, start_on):
    delay_s = round(2 * PATIENCE)
    greylist = {"greylist": {"who": "all", "delay_s": delay_s}}
    here, there = start_on(redis.url(), greylist), start_on(redis.url(), greylist)

    def ask(sluice):
        return answer_to_recipient(sluice, "127.0.132.1", sender="sender@greylisted.example")

    first = time.monotonic()
    assert ask(here) == 450
    assert ask(there) == 450 or time.monotonic() - first > delay_s
    time.sleep(delay_s + 0.1)
    assert ask(here) == 250
    assert ask(there) == 250


def refuse_strangers(_, argument):
    """RCPT at an MTA that knows nobody whose name begins with "no"."""
    return "550 5.1.1 User unknown" if argument.startswith("TO:<no") else None


def test_of_whom_one_machine_has_asked_the_mta_the_other_need_not(redis, start_on):
    with ScriptedMta(rcpt=refuse_strangers) as mta:
        here, there = start_on(redis.url(), mta=mta.port), start_on(redis.url(), mta=mta.port)
        asked = {"somebody@example.test": 250, "nobody@example.test": 550}

        def answers(sluice):
            return {recipient: answer_to_recipient(sluice, "127.0.135.1", recipient=recipient) for recipient in asked}

        assert answers(here) == asked
        wait_until(lambda: len([key for key in redis.keys() if "body@" in key]) == 2, "the answers to be shared")
        assert len(mta.commands("RCPT")) == 2
        assert answers(there) == asked
        assert len(mta.commands("RCPT")) == 2

        # Until the operator wants it asked again, by whoever has not asked yet.
        shown = command(there, "cache", "show", "nobody@example.test").stdout
        assert "550 5.1.1 User unknown" in shown, shown
        assert command(here, "cache", "purge", "nobody@example.test").stdout == "forgotten: 1 recipients\n"
        another = start_on(redis.url(), mta=mta.port)
        assert answers(another) == asked
        assert len(mta.commands("RCPT")) == 3


def test_what_a_delivery_finds_out_the_other_machine_knows(redis, start_on):
    """A recipient that the MTA knew, and knows no longer when the message comes."""
    left = "left@example.test"
    with ScriptedMta() as mta:
        here, there = start_on(redis.url(), mta=mta.port), start_on(redis.url(), mta=mta.port)
        assert answer_to_recipient(here, "127.0.136.1", recipient=left) == 250
        wait_until(lambda: "250 " in command(there, "cache", "show", left).stdout, "the answer to be shared")
        mta.script["rcpt"] = "550 5.1.1 User unknown"
        with here.connect(source="127.0.136.1") as client:
            client.greet()
            client.envelope(recipients=[left])
            assert client.content(message(new_token())).code == 550
            client.quit()
        wait_until(lambda: "550 " in command(there, "cache", "show", left).stdout, "the refusal to be shared")
        asked = len(mta.commands("RCPT"))
        assert answer_to_recipient(there, "127.0.136.1", recipient=left) == 550
        assert len(mta.commands("RCPT")) == asked


def test_workers_share_without_a_redis(start_sluice):
    """Each has its own cache; what the other has asked is in the database of both."""
    with ScriptedMta(rcpt=refuse_strangers) as mta:
        config = {"store": "local", "workers": 2, "policy": {**POLICY, **SUSPECTS}, "pace": QUICK}
        sluice = start_sluice(mta.port, config=config)
        sluice.wait_record("store_started")
        assert answer_to_recipient(sluice, "127.0.137.1", recipient="nobody@example.test") == 550
        wait_until(lambda: "550 " in command(sluice, "cache", "show", "nobody@example.test").stdout, "it to be shared")
        for number in range(20):
            assert answer_to_recipient(sluice, f"127.0.137.{2 + number}", recipient="nobody@example.test") == 550
        assert len(mta.commands("RCPT")) == 1


# ---- a Redis in trouble ----------------------------------------------------------------------------------------


def feed(sluice):
    """One mail after another; of each: when it began, seconds to the greeting, and to the recipient's reply."""

    def visit(source):
        began = time.monotonic()
        return (began, *send_mail(sluice, source))

    return Visitors("127.0.133", visit, pause_s=0.02)


def seconds_to_greetings(traffic, since):
    """Returns the times of the sessions that have begun since."""
    return [greeted for began, greeted, _ in traffic.results if began >= since]


def wait_report(sluice, event, count):
    """The last of so many of the store process; the worker's have a number of their own."""
    return sluice.wait_records(event, count, timeout=20, worker=None)[count - 1]


def assert_remembers_again(redis, traffic):
    """Asserts that what a session has come to is in the memory again."""
    redis.cli("FLUSHALL")
    sent = len(traffic.results)
    wait_until(lambda: len(traffic.results) > sent + 3 and redis.keys(), "sessions to be remembered again")


def test_a_redis_that_is_killed_and_started_again(own_redis, start_on):
    sluice = start_on(own_redis.url())
    with feed(sluice) as traffic:
        for times in range(1, 3):
            wait_until(lambda: len(traffic.results) >= 5, "mail to flow")
            own_redis.kill()
            wait_report(sluice, "store_down", times)
            down_at = time.monotonic()
            time.sleep(2)  # sessions without it
            waited = seconds_to_greetings(traffic, down_at)
            assert waited and max(waited) < DEADLINE_S + 0.3 * PATIENCE, waited
            own_redis.start()
            wait_report(sluice, "store_up", times)
            assert_remembers_again(own_redis, traffic)
    assert traffic.faults == []
    why = wait_report(sluice, "store_down", 1)["why"]
    assert f"127.0.0.1:{own_redis.port}" in why, why


def test_a_redis_that_hangs(own_redis, start_on):
    sluice = start_on(own_redis.url())
    with feed(sluice) as traffic:
        wait_until(lambda: len(traffic.results) >= 5, "mail to flow")
        own_redis.pause()
        try:
            sluice.wait_record("store_slow")
            slow_at = time.monotonic()
            time.sleep(4)  # sessions without it
            waited = seconds_to_greetings(traffic, slow_at)
        finally:
            own_redis.resume()
        # Once it is known, one session in a second finds out whether it still is: it waits, others do not.
        assert max(waited) < DEADLINE_S + 0.3 * PATIENCE, waited
        assert len([seconds for seconds in waited if seconds > DEADLINE_S / 2]) < len(waited) / 2, waited
        assert_remembers_again(own_redis, traffic)
        sluice.wait_record("store_up", worker=0)
    assert traffic.faults == []


def test_a_wrong_password(start_on):
    with Redis("--requirepass", "secret") as locked:
        sluice = start_on(locked.url(":wrong"))
        why = sluice.wait_record("store_down")["why"]
        assert "WRONGPASS" in why and "wrong@" not in why, why
        greeted, asked = send_mail(sluice, "127.0.134.1")
        assert asked < 2 * DEADLINE_S + 1.0 * PATIENCE
        sluice.write_config({"store": locked.url(":secret")})
        assert sluice.ask("reload").returncode == 0
        wait_until(
            lambda: send_mail(sluice, "127.0.134.1") and "sluice:" in locked.cli("-a", "secret", "KEYS", "*"),
            "the right password to open it",
        )
    log = sluice.log_after_stop()
    assert not any(password in log for password in (":wrong", ":secret"))


@pytest.mark.parametrize("place", ["redis://u:hunter2@127.0.0.1:99999", "redos://:hunter2@h", "redis://:hunter2@h/x"])
def test_a_place_that_is_wrong_does_not_tell_its_password(tmp_path, place):
    config = tmp_path / "sluice.toml"
    config.write_text(f'store = "{place}"\n')
    done = subprocess.run([BINARY, "check", "--config", config], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2 and 'store must be "local", "off"' in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
