"""The pool of MTA connections keeps its bounds, from both sides of each."""

import concurrent.futures
import threading
import time

import pytest

from harness.mail import message, new_token
from harness.scripted_mta import XCLIENT, ScriptedMta, Wait
from harness.waiting import wait_until


@pytest.fixture
def mta():
    with ScriptedMta() as mta:
        yield mta


def pool(**options):
    return {"relay": {"pool": options}, "recipients": {"verify": "off"}}


def deliver(sluice, source):
    with sluice.connect(source=source) as client:
        client.greet()
        client.envelope()
        return client.content(message(new_token()))


def deliver_at_once(sluice, count):
    with concurrent.futures.ThreadPoolExecutor(count) as threads:
        return [r.code for r in threads.map(lambda n: deliver(sluice, f"127.0.30.{n}"), range(1, count + 1))]


@pytest.mark.parametrize("maximum", [1, 4])
def test_no_more_connections_than_allowed(start_sluice, mta, maximum):
    mta.script["dot"] = lambda *_: Wait(0.2)
    sluice = start_sluice(mta.port, config=pool(connections_max=maximum))
    most = Most(mta.open_connections)
    assert deliver_at_once(sluice, 12) == [250] * 12
    assert most.stop() == maximum
    assert len(mta.taken) == 12


class Most:
    """The largest value something had since it was made."""

    def __init__(self, read):
        self.read = read
        self.value = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        while not self.over.wait(0.01):
            self.value = max(self.value, self.read())

    def stop(self):
        self.over.set()
        self.thread.join()
        return self.value


def test_held_clients_hold_no_connection(start_sluice, mta):
    """200 sessions in the middle of a transaction: the MTA sees one connection, and that is idle."""
    sluice = start_sluice(mta.port)
    clients = [sluice.connect(source=f"127.0.31.{n + 1}") for n in range(200)]
    for client in clients:
        client.greet()
        client.envelope()
        client.expect(354, "DATA")
        client.send(b"Subject: held\r\n\r\n")
    assert mta.open_connections() <= 2
    for client in clients:
        client.abort()


def test_connections_are_kept_ready(start_sluice, mta):
    start_sluice(mta.port, config=pool(connections_min=3))
    wait_until(lambda: mta.open_connections() == 3, "three connections")
    mta.reset_connections()
    wait_until(lambda: mta.open_connections() == 3, "three new connections", timeout=15)


def test_idle_connections_above_the_minimum_are_closed(start_sluice, mta):
    mta.script["dot"] = lambda *_: Wait(0.2)
    sluice = start_sluice(mta.port, config=pool(connections_min=1, connections_max=5, idle_max_s=1))
    deliver_at_once(sluice, 5)
    assert mta.open_connections() > 1
    wait_until(lambda: mta.open_connections() == 1, "all but one connection to be closed", timeout=5)
    assert mta.commands("QUIT")
    time.sleep(1.5)
    assert mta.open_connections() == 1


@pytest.mark.parametrize("uses, connections", [(5, 1), (4, 2), (2, 3)])
def test_a_connection_is_used_up(start_sluice, mta, uses, connections):
    sluice = start_sluice(mta.port, config=pool(connections_min=0, connections_max=1, uses_max=uses))
    for n in range(5):
        assert deliver(sluice, f"127.0.32.{n + 1}").code == 250
    assert len({taken.connection for taken in mta.taken}) == connections


def test_a_connection_grows_old(start_sluice, mta):
    sluice = start_sluice(mta.port, config=pool(connections_max=1, age_max_s=1))
    deliver(sluice, "127.0.32.1")
    deliver(sluice, "127.0.32.1")
    time.sleep(1.3)
    deliver(sluice, "127.0.32.1")
    deliver(sluice, "127.0.32.1")
    used = [taken.connection for taken in mta.taken]
    assert used[0] == used[1] and len(set(used)) >= 2, used


@pytest.mark.parametrize("waiting_max, refused", [(3, 0), (2, 1)])
def test_the_queue_is_bounded(start_sluice, mta, waiting_max, refused):
    """One mail under way and three waiting: with room for three all get through, with room for two one hears 451."""
    mta.script["dot"] = lambda *_: Wait(0.5)
    sluice = start_sluice(mta.port, config=pool(connections_max=1, waiting_max=waiting_max))
    wait_until(lambda: mta.open_connections() == 1, "the first connection")
    codes = sorted(deliver_at_once(sluice, 4))
    assert codes == [250] * (4 - refused) + [451] * refused
    assert len(mta.taken) == 4 - refused


@pytest.mark.parametrize("busy_s, code", [(0.5, 250), (3, 451)])
def test_waiting_has_a_deadline(start_sluice, mta, busy_s, code):
    mta.script["dot"] = lambda *_: Wait(busy_s)
    sluice = start_sluice(mta.port, config=pool(connections_max=1, waiting_time_max_s=1))
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        first = threads.submit(deliver, sluice, "127.0.33.1")
        mta.wait_reached("dot")
        began = time.monotonic()
        second = deliver(sluice, "127.0.33.2")
        assert second.code == code
        if code == 451:
            assert second.enhanced == "4.3.2" and 0.9 < time.monotonic() - began < 2.5
        assert first.result().code == 250


def test_the_fast_lane_is_served_first(start_sluice, mta):
    """Mail of slow clients came first, and waits until those of fast ones are through."""
    mta.script["dot"] = lambda *_: Wait(0.3)
    config = pool(connections_max=1) | {
        "policy": {"networks": {"slow": ["127.0.34.0/24"]}},
        "pace": {"out_bytes_per_s": 100000, "in_bytes_per_s": 100000, "content_in_bytes_per_s": 100000, "interval_ms": 50},
    }
    sluice = start_sluice(mta.port, config=config)
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(deliver, sluice, "127.0.35.1")]
        mta.wait_reached("dot")
        jobs += [threads.submit(deliver, sluice, f"127.0.34.{n}") for n in (1, 2, 3)]
        time.sleep(0.15)
        jobs += [threads.submit(deliver, sluice, f"127.0.35.{n}") for n in (2, 3, 4)]
        assert [job.result().code for job in jobs] == [250] * 7
    order = [taken.identity["ADDR"].split(".")[2] for taken in mta.taken]
    assert order == ["35"] * 4 + ["34"] * 3


def test_equal_mtas_share_the_load(start_sluice):
    with ScriptedMta() as one, ScriptedMta() as other:
        for mta in (one, other):
            mta.script["dot"] = lambda *_: Wait(0.1)
        sluice = start_sluice(one.port, other.port, config=pool(connections_max=4))
        assert deliver_at_once(sluice, 12) == [250] * 12
        assert min(len(one.taken), len(other.taken)) >= 3, (len(one.taken), len(other.taken))


def test_a_message_goes_pipelined(start_sluice, mta):
    """MAIL, all RCPTs and DATA in one write: one round trip to the MTA instead of four."""
    waiting = []
    mta.script["mail"] = lambda session, _: waiting.append(session.pending) and None
    sluice = start_sluice(mta.port, config=pool())
    with sluice.connect() as client:
        client.greet()
        client.envelope(recipients=["alice@example.test", "bob@example.test"])
        assert client.content(message(new_token())).code == 250
    assert waiting == [b"RCPT TO:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\n"]


def test_nothing_is_pipelined_where_it_is_not_offered(start_sluice):
    waiting = []
    with ScriptedMta(offer=["SIZE 1000000", XCLIENT]) as mta:
        mta.script["mail"] = mta.script["rcpt"] = lambda session, _: waiting.append(session.pending) and None
        sluice = start_sluice(mta.port, config=pool())
        assert deliver(sluice, "127.0.36.1").code == 250
        assert waiting == [b"", b""]
