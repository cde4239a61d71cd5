#!/usr/bin/python3
"""The load generator against the floor: each believes the same of what has passed between them.

Usage: smoke_test.py BUILD
"""

import asyncio
import pathlib
import socket
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from suite import load  # noqa: E402
from suite.campaign import Campaign  # noqa: E402
from suite.dialogue import Dialogue, Host, Manner  # noqa: E402
from suite.population import Class, Population, Sender  # noqa: E402
from suite.processes import free_ports  # noqa: E402
from suite.server import Floor  # noqa: E402

BUILD = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 else None


class LoadAgainstFloor(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-bench-")
        self.addCleanup(folder.cleanup)
        self.floor = Floor(BUILD, pathlib.Path(folder.name) / "floor")
        self.addCleanup(self.floor.stop)
        self.floor.start()

    def counts(self):
        self.floor.stop()
        return self.floor.counts()

    def run_load(self, mode, **options):
        return load.run(BUILD, mode, self.floor.port, **options)

    def test_mail(self):
        for options in ({}, {"persistent": 7}, {"pipelined": True}, {"size": 1_000_000, "clients": 3},
                        {"sources": "127.1.0.0/16"}):
            result = self.run_load("mail", units=100, **options)
            self.assertEqual((result["units"], result["failures"]), (100, {}), options)
        self.assertEqual(self.counts()["mails"], 500)

    def test_bounce(self):
        for options in ({}, {"persistent": 7}, {"random": True, "pipelined": True}):
            result = self.run_load("bounce", units=100, **options)
            self.assertEqual((result["units"], result["failures"]), (100, {}), options)
        self.assertEqual(self.counts()["refused"], 300)

    def test_churn(self):
        result = self.run_load("churn", units=200)
        self.assertEqual((result["units"], result["connections"], result["failures"]), (200, 200, {}))

    def test_a_reply_that_is_not_due_is_a_failure(self):
        result = self.run_load("mail", units=10, recipient="unknown@bench.test")
        self.assertEqual((result["units"], result["failures"]), (0, {"RCPT: 550": 10}))

    def test_hold_keeps_what_it_opened(self):
        held = load.Hold(BUILD, self.floor.port, clients=500, sources="127.1.0.0/16", silent=True, seconds=60)
        for _ in range(10):  # a busy machine may need more than one to greet them
            now = held.second()
            if now["greeted"] == 500:
                break
        self.assertEqual((now["open"], now["greeted"]), (500, 500))
        self.assertEqual(held.stop()["failures"], {})
        self.assertEqual(self.counts()["connections"], 501)  # one looked whether it was up


    def run_mix(self, classes, seconds=0.5):
        return load.mix(BUILD, self.floor.port, classes, seconds=seconds)

    def test_classes_are_counted_apart(self):
        result = self.run_mix({
            "good": {"kind": "mail", "clients": 3, "sources": "127.2.0.0/16"},
            "keeping": {"kind": "mail", "clients": 3, "persistent": 10, "pipelined": True},
            "guessing": {"kind": "bounce", "clients": 3, "random": True, "sources": "127.3.0.0/16"},
            "churning": {"kind": "churn", "clients": 1}})
        for name, one in result.items():
            self.assertEqual(one["failures"], {}, name)
            self.assertGreater(one["units"], 0, name)
        counts = self.counts()
        self.assertEqual(counts["mails"], result["good"]["units"] + result["keeping"]["units"])
        self.assertEqual(counts["refused"], result["guessing"]["units"])

    def test_who_only_looks_in_is_counted(self):
        result = self.run_mix({f"{kind}{' reset' if reset else ''}": {"kind": kind, "reset": reset, "clients": 3, "units": 100}
                               for kind in ("peek", "rush") for reset in (False, True)}, seconds=30)
        for name, one in result.items():
            self.assertEqual((one["units"], one["connections"], one["failures"]), (100, 100, {}), name)
        self.assertGreaterEqual(self.counts()["connections"], 201)  # some rush so that they are gone before accept(2)

    def test_each_connection_draws_mail_or_bounce(self):
        result = self.run_mix({"drawn": {"kind": "mail", "clients": 10, "bounces": 75, "units": 2000}}, seconds=30)
        mails, bounces = result["drawn"]["units"], result["drawn-bounces"]["units"]
        self.assertEqual(mails + bounces, 2000)
        self.assertAlmostEqual(bounces, 1500, delta=80)  # four standard deviations
        counts = self.counts()
        self.assertEqual((counts["mails"], counts["refused"]), (mails, bounces))

    def test_an_open_loop_arrives_as_often_as_it_is_told_to(self):
        good = self.run_mix({"good": {"kind": "mail", "clients": 50, "rate": 200}}, seconds=1)["good"]
        self.assertEqual(good["failures"], {})
        self.assertAlmostEqual(good["units"], 200, delta=60)  # four standard deviations

    def test_recipients_in_turn(self):
        result = load.run(BUILD, "bounce", self.floor.port, units=100, recipients=10)
        self.assertEqual((result["units"], result["failures"]), (100, {}))

    def test_slow_talkers_get_through(self):
        result = self.run_mix({
            "loris": {"kind": "loris", "clients": 2, "interval_ms": 2},
            "drip": {"kind": "drip", "clients": 2, "size": 500, "drop": 10, "interval_ms": 2}})
        for name, one in result.items():
            self.assertEqual(one["failures"], {}, name)
            self.assertGreater(one["units"], 0, name)
            self.assertGreater(one["p50_us"], 80_000, name)  # 50 drops, 2 ms apart, or nearly

    def test_a_bot_is_not_kept_waiting(self):
        with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
            bots = load.mix(BUILD, silent.getsockname()[1], {"bot": {"kind": "bot", "clients": 5, "patience": 0.005}},
                            seconds=0.8)["bot"]
        self.assertEqual((bots["units"], bots["failures"]), (0, {}))
        self.assertGreaterEqual(bots["left"], 5)

    def test_holds_of_several_processes_that_look_now_and_then(self):
        with unittest.mock.patch.object(load.Holds, "CLIENTS_MAX", 100):
            holds = load.Holds(BUILD, self.floor.port, clients=500, rate=5000, seconds=60, **{"read-every-ms": 100})
        now = holds.second()
        self.assertEqual((now["open"], now["greeted"]), (500, 500))
        self.assertGreater(now["replies"], 5000)  # the greeting, and four more each time
        self.assertEqual(holds.stop()["failures"], {})


class AnOpenLoopAgainstAServerThatStalls(unittest.TestCase):
    def test_everyone_who_had_to_wait_is_counted(self):
        """One client of an open loop; the server sleeps 0.5 s before its first greeting: those due meanwhile waited."""
        with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
            def serve():
                time.sleep(0.5)
                try:
                    while True:
                        client, _ = listener.accept()
                        with client:
                            client.sendall(b"220 hello\r\n")
                            client.recv(100)
                            client.sendall(b"221 bye\r\n")
                except OSError:
                    pass  # the listener was closed

            thread = threading.Thread(target=serve)
            thread.start()
            result = load.mix(BUILD, listener.getsockname()[1],
                              {"open": {"kind": "churn", "clients": 1, "rate": 100}}, seconds=1)["open"]
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
        # A closed loop of one client would call this one slow unit among thousands.
        self.assertGreater(result["p90_us"], 200_000)


class LoadAgainstTheDead(unittest.TestCase):
    def test_nobody_listens(self):
        port, = free_ports(1)
        result = load.run(BUILD, "mail", port, units=10)
        self.assertEqual(result["failures"], {"greeting: Connection refused": 10})
        result = load.mix(BUILD, port, {"rush": {"kind": "rush", "clients": 1, "units": 10}}, seconds=20)["rush"]
        self.assertEqual((result["units"], result["failures"]), (0, {"connect: Connection refused": 10}))

    def test_a_server_that_never_speaks(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            result = load.run(BUILD, "churn", silent.getsockname()[1], units=3, timeout=1)
        self.assertEqual(result["failures"], {"greeting: timeout": 3})

    def test_a_server_that_hangs_up(self):
        with socket.create_server(("127.0.0.1", 0)) as rude:
            def greet_and_leave():
                for _ in range(3):
                    client, _ = rude.accept()
                    client.sendall(b"220 hello\r\n")
                    client.recv(100)
                    client.close()

            thread = threading.Thread(target=greet_and_leave)
            thread.start()
            result = load.run(BUILD, "mail", rude.getsockname()[1], units=3, clients=1)
            thread.join()
        self.assertEqual(result["failures"], {"EHLO: closed": 3})


class Clerk:
    """An MTA of few words for the clients of botnet: `answer(line)` is its reply, None = it waits for ever."""

    def __init__(self, answer):
        self.answer, self.lines, self.writers = answer, [], []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for writer in self.writers:
            writer.close()
        await asyncio.sleep(0.05)  # so that they notice

    async def serve(self, reader, writer):
        self.writers.append(writer)
        content = False
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            if content and line != ".":
                continue
            self.lines.append(line)
            reply = "220 hello" if line.startswith("PROXY") else self.answer(line)
            content = bool(reply) and reply.startswith("354")
            if reply:
                writer.write(f"{reply}\r\n".encode())
            while content and await reader.readline() != b"\r\n":
                pass  # the header


def polite(line):
    return {"DATA": "354 go on", "QUIT": "221 bye"}.get(line, "250 ok")


class BotnetClients(unittest.TestCase):
    HOST = Host("198.18.0.1", "client.example")

    def talk(self, answer, manner=Manner(), recipients=("a@bench.test",), tempo=1):
        async def both():
            async with Clerk(answer) as clerk:
                told, = await Dialogue(clerk.port, self.HOST, manner, tempo).transfer([("s@x.example", list(recipients))])
                return told, clerk.lines
        return asyncio.run(both())

    def test_a_mail_is_accepted(self):
        for manner in (Manner(), Manner(pipelined=True), Manner(early=True), Manner(blind=True), Manner(octets_per_s=1000)):
            told, lines = self.talk(polite, manner)
            self.assertEqual((told.accepted, told.refused, told.failed), (["a@bench.test"], {}, ""), manner)
            self.assertEqual(lines[0], "PROXY TCP4 198.18.0.1 198.19.255.254 40000 25")

    def test_each_recipient_has_an_answer_of_its_own(self):
        def answer(line):
            return "550 5.1.1 no" if "gone@" in line else "450 4.7.1 later" if "later@" in line else polite(line)
        told, _ = self.talk(answer, recipients=["gone@bench.test", "a@bench.test", "later@bench.test"])
        self.assertEqual((told.accepted, list(told.refused)), (["a@bench.test"], ["gone@bench.test"]))
        self.assertEqual(told.failed, "RCPT: 450 4.7.1")

    def test_the_impatient_leaves(self):
        told, _ = self.talk(lambda line: None, Manner(patience_s=1), tempo=10)
        self.assertEqual((told.accepted, told.left_at, told.failed), ([], "EHLO", "EHLO: patience"))

    def test_a_queue_comes_again_from_another_address(self):
        def answer(line):
            return "450 4.7.1 later" if "RCPT" in line and not self.again() else polite(line)
        hosts = [self.HOST, Host("198.18.0.2", "client.example")]

        class Pool:
            classes = [Class("pool", True, "", [Sender(hosts, Manner(), [[("s@x.example", ["a@bench.test"])]], attempts=3)])]

        async def both():
            async with Clerk(answer) as self.clerk:
                with unittest.mock.patch("suite.campaign.RETRY_S", (0.01, 0.02)):
                    campaign = Campaign(Pool, self.clerk.port, seed=1, tempo=10, arrivals_s=0, end_s=20)
                    await campaign.run()
                return campaign.outcomes["pool"], [line for line in self.clerk.lines if line.startswith("PROXY")]
        came, headers = asyncio.run(both())
        self.assertEqual((came.mails, came.accepted, came.refused, came.unfinished), (1, 1, [], []))
        self.assertEqual(came.sessions, len(headers))
        self.assertEqual(len(set(headers)), len(headers), "each attempt has another address")

    def again(self):
        return sum(line.startswith("PROXY") for line in self.clerk.lines) > 1

    def test_the_population_is_that_of_its_seed(self):
        one, same, other = Population(7, 0.2), Population(7, 0.2), Population(8, 0.2)
        self.assertEqual((one.hosts(), one.dns("bl.test")), (same.hosts(), same.dns("bl.test")))
        self.assertNotEqual(one.hosts(), other.hosts())
        senders = [sender for each in one.classes for sender in each.senders]
        owners = [address for sender in senders for address in {host.address for host in sender.hosts}]
        self.assertEqual(len(owners), len(set(owners)), "an address has one owner")


if __name__ == "__main__":
    unittest.main()
