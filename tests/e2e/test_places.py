"""The places of clients: what others of their ASN and country have done is a weak sign, and no file stops mail."""

import json
import pathlib

import pytest

from harness.certificates import make_certificate
from harness.mail import message, new_token
from harness.mmdb import asn_file, country_file
from harness.operator import REMEMBERS, Operator
from harness.sluice import merged, run_sluice
from harness.waiting import wait_until

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"
QUICK = {"max_delay_s": 0}  # slow clients are judged as ever, and not held
TRAP = "trap@example.test"
# Each in a network (/24) of its own.
BAD = [f"127.0.{number}.1" for number in range(140, 148)]
STRANGER = "127.0.150.1"
FOREIGNER = "127.0.160.1"  # of the same country, and another ASN
ELSEWHERE = "127.0.200.1"


@pytest.fixture
def registers(tmp_path):
    """Returns what policy.reputation is to say: BAD and STRANGER are of AS64500."""
    return {
        "asn_file": asn_file(
            tmp_path / "asn.mmdb", {"127.0.128.0/19": 64500, "127.0.160.0/21": 64501, "2001:db8::/32": 64502}
        ),
        "country_file": country_file(tmp_path / "country.mmdb", {"127.0.128.0/18": "DE"}),
    }


@pytest.fixture
def remembering(start_sluice, postfix):
    """Sluice with a memory and these registers, and its operator."""

    def start(registers, **more):
        policy = {"trap_recipients": [TRAP], "reputation": registers}
        sluice = start_sluice(postfix.private_port, config=merged(REMEMBERS, {"pace": QUICK, "policy": policy} | more))
        return sluice, Operator(sluice)

    return start


def misbehave(sluice, source):
    """As badly as counts of one session: 4 for the trap, 0.5 for each of 8 that nobody has."""
    with sluice.connect(source=source) as client:
        client.greet()
        client.expect(250, "MAIL FROM:<sender@example.org>")
        for recipient in (TRAP, *(f"guess{number}@example.test" for number in range(7))):
            client.expect(550, f"RCPT TO:<{recipient}>")
        client.quit()


def visit(sluice, source, count=1):
    """A session with a mail; its record."""
    with sluice.connect(source=source) as client:
        client.greet()
        client.envelope()
        assert client.content(message(new_token())).code == 250
        client.quit()
    return sluice.wait_records("session", count, client=source)[-1]


def reputation(record):
    return next((s for s in record["signals"] if s["signal"] == "reputation"), None)


def evidence(explained):
    return {each["of"]: (each["good"], each["bad"]) for each in explained["evidence"]}


def test_who_comes_from_where_all_are_bad_is_looked_at_twice(remembering, registers):
    sluice, operator = remembering(registers)
    for source in BAD:
        misbehave(sluice, source)
    wait_until(
        lambda: "bad 64.00" in operator("reputation", "show", "AS64500"),
        lambda: operator("reputation", "show", "AS64500"),
    )

    explained = operator.explain(STRANGER)
    record = visit(sluice, STRANGER)
    assert (record["asn"], record["country"]) == (explained["asn"], explained["country"]) == (64500, "DE")
    signal = reputation(record)
    assert 0 < signal["weight"] < 10 and record["lane"] == "fast", "it slows nobody alone"
    assert signal["value"].endswith("by AS64500 3.0"), signal
    told = reputation(explained)
    assert (told["weight"], told["value"]) == (signal["weight"], signal["value"])
    assert explained["score"] == record["score"] == signal["weight"]
    assert evidence(explained) == {"AS64500": (0, 64), "DE": (0, 64)}
    text = operator("explain", STRANGER)
    assert "place      AS64500, DE\n" in text and "evidence   AS64500 " in text, text

    record = visit(sluice, FOREIGNER)
    assert (record["asn"], record["country"]) == (64501, "DE")
    assert reputation(record) is None, "a country alone is nothing"
    record = visit(sluice, ELSEWHERE)
    assert "asn" not in record and "country" not in record and reputation(record) is None


def test_it_gives_way_to_what_one_does_oneself(remembering, registers):
    sluice, operator = remembering(registers)
    operator.weigh("reputation/AS64500", bad=1000)
    assert reputation(visit(sluice, STRANGER))["weight"] > 0
    operator.weigh(f"reputation/{STRANGER}", good=12)
    assert reputation(visit(sluice, STRANGER, count=2))["weight"] < 0


def test_commands_on_places(remembering, registers):
    sluice, operator = remembering(registers)
    misbehave(sluice, STRANGER)
    shown = wait_until(
        lambda: "bad 8.00" in (text := operator("reputation", "show", STRANGER)) and text, "what it has done"
    )
    for line in (f"client   {STRANGER} ", "network  127.0.150.0/24 ", "asn      AS64500 ", "country  DE "):
        assert f"  {line} good 0.00  bad 8.00" in shown, shown
    assert "asn      AS64500  good 0.00  bad 8.00" in operator("reputation", "show", "as64500")
    assert "country  DE  good 0.00  bad 8.00" in operator("reputation", "show", "DE")
    worst = operator("reputation", "show").split("best")[0]
    assert {"AS64500", STRANGER} <= {line.split()[0] for line in worst.splitlines()}
    dumped = operator("state", "dump")
    assert operator("reputation", "reset", "AS64500") == "forgotten: AS64500\n"
    assert "AS64500  nothing is known" in operator("reputation", "show", STRANGER)
    again = [line for line in dumped.splitlines() if json.loads(line)["key"] == "reputation/AS64500"]
    operator("state", "load", stdin="\n".join(again))
    assert "bad 8.00" in operator("reputation", "show", "AS64500")
    assert operator.command("reputation", "show", "AS0").returncode != 0
    assert operator.command("forget", "AS64500").returncode != 0, "acts are of networks"
    operator("forget", STRANGER)
    assert "bad 8.00" in operator("reputation", "show", "AS64500")


# ---- the files -------------------------------------------------------------------------------------------------


def missing(registers, directory):
    return {"asn_file": str(directory / "none.mmdb")}, "policy.reputation.asn_file: {}: No such file"


def garbled(registers, directory):
    path = directory / "garbled.mmdb"
    octets = pathlib.Path(registers["country_file"]).read_bytes()
    path.write_bytes(octets[: len(octets) // 2])
    return {"country_file": str(path)}, "policy.reputation.country_file: {}: no MaxMind DB file: "


def of_another_kind(registers, directory):
    return {"asn_file": registers["country_file"]}, "policy.reputation.asn_file: {}: holds no AS numbers"


@pytest.mark.parametrize("spoil", [missing, garbled, of_another_kind])
def test_a_file_that_cannot_be_used_is_refused(remembering, registers, tmp_path, spoil):
    sluice, operator = remembering(registers)
    before = sluice.worker_pids()
    files, text = spoil(registers, tmp_path)
    text = text.format(next(iter(files.values())))
    sluice.write_config({"policy": {"reputation": files}})
    done = sluice.ask("reload")
    assert done.returncode == 1 and text in done.stderr, done.stderr
    assert text in sluice.wait_record("reload_refused")["why"]
    assert sluice.worker_pids() == before and visit(sluice, STRANGER)["asn"] == 64500
    for command in ("check", "run"):
        done = run_sluice(command, "--config", sluice.config_file)
        assert done.returncode != 0, done.stdout
    assert text in run_sluice("check", "--config", sluice.config_file).stderr
    assert text in json.dumps(operator.explain(STRANGER)["remarks"]), "it shows what it can"


def test_a_reload_reads_the_files_again(remembering, registers):
    sluice, _ = remembering(registers)
    asn_file(registers["asn_file"], {"127.0.0.0/8": 64511})
    assert visit(sluice, STRANGER)["asn"] == 64500, "not before"
    sluice.reload()
    assert visit(sluice, STRANGER, count=2)["asn"] == 64511
    sluice.reload({"policy": {"reputation": {"asn_file": "", "country_file": ""}}})
    record = visit(sluice, STRANGER, count=3)
    assert "asn" not in record and "country" not in record


def test_files_that_are_cut_off_cost_nothing(remembering, registers, tmp_path):
    """Neither the workers that have read them, nor certificates that are renewed meanwhile."""
    chain = pathlib.Path(make_certificate(tmp_path, "mx", "DNS:mx.example.test").chain)
    sluice, _ = remembering(registers, tls={"chain_files": [str(chain)]})
    for path in registers.values():
        pathlib.Path(path).write_bytes(b"")
    record = visit(sluice, STRANGER)
    assert (record["asn"], record["country"]) == (64500, "DE")
    chain.write_bytes(pathlib.Path(make_certificate(tmp_path, "renewed", "DNS:mx.example.test").chain).read_bytes())
    sluice.wait_record("certificates_read")
    assert visit(sluice, STRANGER, count=2)["asn"] == 64500
    assert not sluice.records_after_stop("worker_died")


def test_workers_need_no_right_to_the_files(start_sluice, postfix, open_directory, registers):
    """The files are root's, in a directory that nobody else can enter; and there is no memory."""
    for path in registers.values():
        pathlib.Path(path).chmod(0o600)
    config = {"user": "nobody", "state_dir": str(open_directory / "state"), "policy": {"reputation": registers}}
    record = visit(start_sluice(postfix.private_port, config=config), STRANGER)
    assert (record["asn"], record["country"]) == (64500, "DE")


def test_golden_files_are_what_their_script_makes(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(GOLDEN)
    import make_mmdb

    make_mmdb.make(tmp_path)
    assert sorted(path.name for path in GOLDEN.glob("*.mmdb")) == sorted(path.name for path in tmp_path.iterdir())
    for made in tmp_path.iterdir():
        assert made.read_bytes() == (GOLDEN / made.name).read_bytes(), made.name
