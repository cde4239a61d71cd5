"""The codes of a DNS list have meanings: weights of their own, good and bad ones in one zone, what is known of the best-known
lists, and codes by which a list says that it has no opinion for us."""

import pytest

from harness.dns import Rbldnsd
from harness.operator import REMEMBERS, Operator
from harness.sluice import merged, run_sluice
from harness.waiting import wait_until

MAILSPIKE, DNSWL, ZEN, UNKNOWN = "rep.mailspike.net", "list.dnswl.org", "zen.spamhaus.org", "bl.example.net"
BAD, GOOD, BOTH, NEUTRAL = "127.0.150.1", "127.0.150.2", "127.0.150.3", "127.0.150.4"
ZONES = {
    MAILSPIKE: {
        BAD: "127.0.0.10",
        GOOD: "127.0.0.20",
        BOTH: "127.0.0.11",
        BOTH + "/32": "127.0.0.19",
        NEUTRAL: "127.0.0.15",
    },
    DNSWL: {GOOD: "127.0.10.3", BOTH: "127.0.5.1", NEUTRAL: "127.0.5.0"},
    ZEN: {BAD: "127.0.0.4", NEUTRAL: "127.0.0.177"},
    UNKNOWN: {BAD: "127.0.0.177", GOOD: "127.0.0.255"},
}
OVER_QUOTA = {DNSWL: {"127.0.0.0/8": "127.0.0.255"}, ZEN: {"127.0.0.0/8": "127.255.255.254"}}


@pytest.fixture(scope="module")
def lists():
    with Rbldnsd(ZONES) as server:
        yield server


@pytest.fixture
def listed(start_sluice, postfix):
    """The signals of DNS lists of a client's session, and the whole record; `explain` says the same."""

    def start(server, source, **policy):
        pace = {"reply_s": 1}  # of those who come to be slow
        config = merged(REMEMBERS, {"dns": {"servers": [server.address]}, "policy": policy, "pace": pace})
        sluice = start_sluice(postfix.private_port, config=config)
        with sluice.connect(source=source) as client:
            client.greet()
            client.envelope()
            client.quit()
        record = sluice.wait_record("session", client=source)
        explained = Operator(sluice).explain(source)["signals"]
        seen, said = (
            sorted((s["signal"], s["what"], s["value"], s["weight"]) for s in signals if s["signal"].startswith("dns"))
            for signals in (record["signals"], explained)
        )
        assert seen == said, "explain says what the log says"
        return seen, record, sluice

    return start


BAD_CODE = "127.0.0.10 (L5: worst reputation)"
GOOD_CODE = "127.0.0.20 (H5: excellent reputation)"


@pytest.mark.parametrize(
    "source, signals, lane",
    [
        (BAD, [("dnsbl", MAILSPIKE, BAD_CODE, 10)], "slow"),
        (GOOD, [("dnswl", MAILSPIKE, GOOD_CODE, -5)], "fast"),
        (
            BOTH,
            [
                ("dnsbl", MAILSPIKE, "127.0.0.11 (L4: very bad reputation)", 10),
                ("dnswl", MAILSPIKE, "127.0.0.19 (H4: very good reputation)", -5),
            ],
            "fast",
        ),
        (NEUTRAL, [("dnsbl", MAILSPIKE, "127.0.0.15 (LH0: neutral)", 0)], "fast"),
    ],
)
def test_good_and_bad_codes_in_one_zone(listed, lists, source, signals, lane):
    """Only the zone is named; a score of 10 is slow."""
    seen, record, _ = listed(lists, source, dnsbl=[{"zone": MAILSPIKE}])
    assert seen == signals
    assert (record["lane"], record["score"]) == (lane, sum(weight for *_, weight in signals))


@pytest.mark.parametrize("source, weight", [(BAD, 7), (GOOD, -3), (BOTH, None)])
def test_the_operators_codes(listed, lists, source, weight):
    """They come first, and a code that is not named is no listing; the meaning is known all the same."""
    codes = {"127.0.0.10": 7, "127.0.0.20": -3}
    seen, record, _ = listed(lists, source, dnsbl=[{"zone": MAILSPIKE, "codes": codes}])
    assert record["score"] == (weight or 0)
    assert [each[2:] for each in seen] == ([(BAD_CODE if weight > 0 else GOOD_CODE, weight)] if weight else [])


def test_the_operators_weight(listed, lists):
    """As it has always been; but for the codes that speak the other way."""
    assert listed(lists, BAD, dnsbl=[{"zone": MAILSPIKE, "weight": 4}])[1]["score"] == 4
    assert listed(lists, GOOD, dnsbl=[{"zone": MAILSPIKE, "weight": 4}])[1]["score"] == 0


@pytest.mark.parametrize("source, value", [(BAD, "127.0.0.177"), (GOOD, "127.0.0.255")])
def test_an_unknown_list_is_taken_as_before(listed, lists, source, value):
    seen, record, _ = listed(lists, source, dnsbl=[{"zone": UNKNOWN}])
    assert seen == [("dnsbl", UNKNOWN, value, 10)] and record["lane"] == "slow"


@pytest.mark.parametrize(
    "source, signals",
    [
        (GOOD, [("dnswl", DNSWL, "127.0.10.3 (trust: high)", -10)]),
        (BOTH, [("dnswl", DNSWL, "127.0.5.1 (trust: low)", -2)]),
        (NEUTRAL, [("dnswl", DNSWL, "127.0.5.0 (trust: none)", 0)]),
        (BAD, [("dnsbl", ZEN, "127.0.0.4 (XBL: a hijacked or infected host)", 10)]),
    ],
)
def test_known_lists_need_no_more_than_their_zone(listed, lists, source, signals):
    """A code that the table does not have (127.0.0.177 of zen) is no listing."""
    seen, record, _ = listed(lists, source, dnsbl=[{"zone": ZEN}], dnswl=[{"zone": DNSWL}])
    assert seen == signals and record["score"] == sum(weight for *_, weight in signals)


@pytest.mark.parametrize("entry", [{}, {"weight": 10}, {"accept": ["127.0.*.0-255"]}, {"codes": {"127.0.*.3": 10}}])
def test_a_list_that_is_over_quota_has_no_opinion(listed, entry):
    """However the operator has configured it; he is told, and nobody is let in for it."""
    with Rbldnsd(OVER_QUOTA) as server:
        policy = {"dnswl": [{"zone": DNSWL} | entry], "default_lane": "slow"}
        seen, record, sluice = listed(server, BAD, **policy)
        assert seen == [("dns_list_error", DNSWL, "bad_answer: 127.0.0.255 (over quota)", 0)]
        assert (record["lane"], record["score"]) == ("slow", 0)
        told = sluice.wait_record("dns_list_unusable")
        assert DNSWL in told["why"] and "127.0.0.255 (over quota)" in told["why"]
        name = 'sluice_dns_answers_total{about="dnswl",result="bad_answer"}'
        wait_until(lambda: Operator(sluice).metrics()[name] == 1, "the metric")


def test_control_over_quota_was_good_for_anybody(listed):
    """An unknown list's 127.0.0.255 is good for anybody: so it was with list.dnswl.org."""
    with Rbldnsd({"wl.example.net": {BAD: "127.0.0.255"}}) as server:
        seen, record, _ = listed(server, BAD, dnswl=[{"zone": "wl.example.net"}], default_lane="slow")
        assert seen == [("dnswl", "wl.example.net", "127.0.0.255", -10)] and record["lane"] == "fast"


def test_a_public_resolver(listed):
    with Rbldnsd(OVER_QUOTA) as server:
        seen, _, sluice = listed(server, BAD, dnsbl=[{"zone": ZEN}])
        value = "bad_answer: 127.255.255.254 (asked through a public resolver)"
        assert seen == [("dns_list_error", ZEN, value, 0)]
        assert "public resolver" in sluice.wait_record("dns_list_unusable")["why"]


def test_a_refusal_names_the_lists_that_speak_against_the_client(start_sluice, postfix, lists):
    policy = {"dnsbl": [{"zone": MAILSPIKE}], "dnswl": [{"zone": DNSWL}], "thresholds": {"reject": 3}}
    config = {"dns": {"servers": [lists.address]}, "policy": policy}
    sluice = start_sluice(postfix.private_port, config=config)
    with sluice.connect(source=BOTH) as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        reply = client.command("RCPT TO:<alice@example.test>")
        assert reply.code == 550 and reply.text.endswith(f"listed by {MAILSPIKE}"), reply


def test_the_lists_are_printed():
    done = run_sluice("lists")
    assert done.returncode == 0 and done.stderr == ""
    for part in (ZEN, DNSWL, MAILSPIKE, "error  over quota", "terms", "source", "2026-11-30"):
        assert part in done.stdout, part


def test_control(lists):
    """The lists say what the tests believe."""
    answer = lists.answer("3.150.0.127." + MAILSPIKE).to_text()
    assert "127.0.0.11" in answer and "127.0.0.19" in answer
