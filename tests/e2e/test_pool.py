"""The pool of MTA connections keeps its bounds, from both sides of each."""

import concurrent.futures
import itertools
import threading
import time

import pytest

from harness.mail import dotted, message, new_token
from harness.scripted_mta import XCLIENT, ScriptedMta, Wait
from harness.waiting import PATIENCE, wait_until


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


def hand_over(sluice, source):
    """A client that has sent a whole mail, and has not read the answer yet."""
    client = sluice.connect(source=source)
    client.greet()
    client.envelope()
    client.expect(354, "DATA")
    client.send(dotted(message(new_token())))
    return client


def settle(sluice):
    """Until the worker has heard what clients in the fast lane have said before: it takes one thing after the other."""
    with sluice.connect(source="127.0.30.99") as client:
        client.greet()
        client.quit()


def hold_the_first():
    """Something to do at a stage: whoever comes first has to wait, until the event is set; and that event."""
    go_on = threading.Event()
    numbers = itertools.count()

    def hold(*_):
        if next(numbers) == 0:
            assert go_on.wait(60 * PATIENCE), "nobody let it go on"

    return hold, go_on


def deliver_at_once(sluice, count, source="127.1.{}.1"):
    """A mail each from so many clients, in a network each unless `source` says otherwise."""
    with concurrent.futures.ThreadPoolExecutor(count) as threads:
        return [r.code for r in threads.map(lambda n: deliver(sluice, source.format(n)), range(1, count + 1))]


@pytest.mark.parametrize("maximum", [1, 4])
def test_no_more_connections_than_allowed(start_sluice, mta, maximum):
    mta.script["dot"] = lambda *_: Wait(0.2)
    sluice = start_sluice(mta.port, config=pool(connections_max=maximum))
    most = Most(mta.open_connections)
    assert deliver_at_once(sluice, 12) == [250] * 12
    assert most.stop() == maximum
    assert len(mta.taken) == 12


@pytest.mark.parametrize("connections_max, most_of_one", [(2, 2), (4, 3)])
def test_mail_of_one_network_leaves_a_quarter_to_others(start_sluice, mta, connections_max, most_of_one):
    """Below four connections it has all of them: where all mail comes from one address, it must not crawl."""
    mta.script["dot"] = lambda *_: Wait(0.2)
    sluice = start_sluice(mta.port, config=pool(connections_max=connections_max))
    most = Most(mta.open_connections)
    assert deliver_at_once(sluice, 12, source="127.0.30.{}") == [250] * 12
    assert most.stop() == most_of_one


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
    most = Most(mta.open_connections)
    deliver_at_once(sluice, 5)
    assert most.stop() > 1
    wait_until(lambda: mta.open_connections() == 1, "all but one connection to be closed", timeout=5)
    assert mta.commands("QUIT")
    time.sleep(1.5)  # longer than one may be idle
    assert mta.open_connections() == 1


@pytest.mark.parametrize("uses, connections", [(5, 1), (4, 2), (2, 3)])
def test_a_connection_is_used_up(start_sluice, mta, uses, connections):
    sluice = start_sluice(mta.port, config=pool(connections_min=0, connections_max=1, uses_max=uses))
    for n in range(5):
        assert deliver(sluice, f"127.0.32.{n + 1}").code == 250
    assert len({taken.connection for taken in mta.taken}) == connections


def test_a_connection_grows_old(start_sluice, mta):
    age_s = round(2 * PATIENCE)
    sluice = start_sluice(mta.port, config=pool(connections_max=1, age_max_s=age_s))
    deliver(sluice, "127.0.32.1")
    deliver(sluice, "127.0.32.1")
    time.sleep(age_s + 0.3)
    deliver(sluice, "127.0.32.1")
    deliver(sluice, "127.0.32.1")
    used = [taken.connection for taken in mta.taken]
    assert used[0] == used[1] and len(set(used)) >= 2, used


@pytest.mark.parametrize("waiting_max, refused", [(3, 0), (2, 1)])
def test_the_queue_is_bounded(start_sluice, mta, waiting_max, refused):
    """One mail under way and three waiting: with room for three all get through, with room for two one hears 451."""
    mta.script["dot"], go_on = hold_the_first()
    sluice = start_sluice(mta.port, config=pool(connections_max=1, waiting_max=waiting_max))
    sluice.wait_record("mta_up")
    clients = [hand_over(sluice, "127.0.30.1")]
    mta.wait_reached("dot")
    clients += [hand_over(sluice, f"127.0.30.{n}") for n in (2, 3, 4)]
    settle(sluice)
    if refused:
        assert clients.pop().read_reply().code == 451
    go_on.set()
    assert [client.read_reply().code for client in clients] == [250] * (4 - refused)
    assert len(mta.taken) == 4 - refused


@pytest.mark.parametrize("in_time", [True, False])
def test_waiting_has_a_deadline(start_sluice, mta, in_time):
    mta.script["dot"], go_on = hold_the_first()
    deadline_s = round(2 * PATIENCE)
    sluice = start_sluice(mta.port, config=pool(connections_max=1, waiting_time_max_s=deadline_s))
    sluice.wait_record("mta_up")
    first = hand_over(sluice, "127.0.33.1")
    mta.wait_reached("dot")
    began = time.monotonic()
    second = hand_over(sluice, "127.0.33.2")
    if in_time:
        settle(sluice)
        go_on.set()
        assert second.read_reply().code == 250
    else:
        reply = second.read_reply()
        assert (reply.code, reply.enhanced) == (451, "4.3.2")
        assert 0.9 * deadline_s < time.monotonic() - began < deadline_s + 1.5 * PATIENCE
        go_on.set()
    assert first.read_reply().code == 250


def test_the_fast_lane_is_served_first(start_sluice, mta):
    """Mail of slow clients came first, and waits until those of fast ones are through."""
    mta.script["dot"], go_on = hold_the_first()
    config = pool(connections_max=1) | {
        "policy": {"networks": {"slow": ["127.0.34.0/24"]}},
        "pace": {"max_delay_s": 0},
    }
    sluice = start_sluice(mta.port, config=config)
    sluice.wait_record("mta_up")
    clients = [hand_over(sluice, "127.0.35.1")]
    mta.wait_reached("dot")
    clients += [hand_over(sluice, f"127.0.34.{n}") for n in (1, 2, 3)]
    time.sleep(0.3)  # their mail is read at its pace
    clients += [hand_over(sluice, f"127.0.35.{n}") for n in (2, 3, 4)]
    settle(sluice)
    go_on.set()
    assert [client.read_reply().code for client in clients] == [250] * 7
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
