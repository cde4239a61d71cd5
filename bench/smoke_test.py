#!/usr/bin/python3
"""The load generator against the floor: each believes the same of what has passed between them.

Usage: smoke_test.py BUILD
"""

import pathlib
import socket
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from suite import load  # noqa: E402
from suite.processes import free_ports  # noqa: E402
from suite.servers import Floor  # noqa: E402

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
        seconds = [held.second() for _ in range(2)]
        self.assertEqual((seconds[-1]["open"], seconds[-1]["greeted"]), (500, 500))
        self.assertEqual(held.stop()["failures"], {})
        self.assertEqual(self.counts()["connections"], 501)  # one looked whether it was up


class LoadAgainstTheDead(unittest.TestCase):
    def test_nobody_listens(self):
        port, = free_ports(1)
        result = load.run(BUILD, "mail", port, units=10)
        self.assertEqual(result["failures"], {"greeting: Connection refused": 10})

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


if __name__ == "__main__":
    unittest.main()
