"""`sluice unblock` and `sluice forget`: they say what they drop, drop a part if asked to, and nothing else."""

import pytest

from harness.operator import REMEMBERS, Operator

CLIENT, NETWORK = "127.0.155.5", "127.0.155.0/24"


@pytest.fixture
def operator(start_sluice, postfix):
    operator = Operator(start_sluice(postfix.private_port, config=REMEMBERS))
    operator("block", CLIENT, "--why", "spam run")
    operator.weigh(f"reputation/{CLIENT}", good=1, bad=30)
    operator.put(f"block/{CLIENT}", "2 harvest", 90_000)
    return operator


def known(operator):
    """Kinds of records that there are of the client."""
    lines = operator("forget", CLIENT, "--dry-run").splitlines()
    would = "would be forgotten: "
    return {line.removeprefix(would).split("/")[0] for line in lines if line.startswith(would)}


def test_forget_says_what_goes(operator):
    everything = operator("forget", CLIENT, "--dry-run").splitlines()
    assert [line.split("  ", 1)[0] for line in everything] == [
        f"would be forgotten: {key}" for key in (f"act/{CLIENT}/32", f"block/{CLIENT}", f"reputation/{CLIENT}")
    ]
    assert "reject by " in everything[0] and everything[0].endswith(", for ever: spam run")
    assert everything[1].endswith("short-term block, level 2, harvest")
    assert everything[2].endswith("good 1.00, bad 30.00")
    assert known(operator) == {"act", "block", "reputation"}, "it has only looked"
    said = operator("forget", CLIENT)
    assert said == operator_words(everything)
    assert known(operator) == set()
    assert operator("forget", CLIENT).startswith("nothing was known of ")


def operator_words(lines):
    return "".join(line.replace("would be forgotten", "forgotten") + "\n" for line in lines)


@pytest.mark.parametrize(
    "words, left",
    [
        (["--act"], {"block", "reputation"}),
        (["--reputation"], {"act", "block"}),
        (["--act", "--reputation"], {"block"}),
    ],
)
def test_forget_a_part(operator, words, left):
    operator("forget", CLIENT, *words)
    assert known(operator) == left


def test_unblock_leaves_the_reputation(operator):
    said = operator("unblock", CLIENT)
    assert said.startswith(f"forgotten: act/{CLIENT}/32  reject by ") and f"forgotten: block/{CLIENT}" in said
    assert known(operator) == {"reputation"}
    operator.sluice.wait_record("operator_changed", command=f"unblock {CLIENT}/32")
    assert operator("unblock", CLIENT) == f"nothing blocked {CLIENT}/32 itself\n"


def test_unblock_says_what_still_blocks(operator):
    operator("block", NETWORK, "--lane", "defer")
    done = operator.command("unblock", CLIENT)
    assert done.returncode == 1 and f"still in lane defer, as a part of {NETWORK}" in done.stderr
    assert operator("unblock", NETWORK).startswith(f"forgotten: act/{NETWORK}  defer by ")
    assert operator("unblock", CLIENT) == f"nothing blocked {CLIENT}/32 itself\n"


def test_unblock_does_not_end_an_allowance(operator):
    operator("block", NETWORK)
    operator("allow", CLIENT)
    assert operator("unblock", CLIENT).startswith(f"forgotten: block/{CLIENT}")
    assert operator.explain(CLIENT)["lane"] == "fast"
