"""A policy service for a real Postfix (SMTPD_POLICY_README): has no objections, keeps what it was asked, or Postfix waiting."""

import contextlib
import socket
import threading

from harness.waiting import wait_until


class PolicyService:
    """Asked about a recipient that contains `held`, it answers once release() has been called; else at once."""

    def __init__(self, held="held"):
        self.held = held
        self.asked = []  # the attributes of each question
        self.waiting = []  # recipients Postfix waits for
        self._released = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self._listener.getsockname()[1]

    @property
    def address(self):
        return f"inet:127.0.0.1:{self.port}"

    def of(self, **attributes):
        """The questions that had all of these."""
        return [asked for asked in self.asked if attributes.items() <= asked.items()]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.release()
        self._listener.close()

    def release(self):
        self._released.set()

    def wait_held(self, count):
        wait_until(lambda: len(self.waiting) >= count, lambda: f"{count} held questions, there are {self.waiting}")

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection, connection.makefile("rw") as stream:
            asked = {}
            for line in stream:
                name, _, value = line.rstrip("\n").partition("=")
                if name:
                    asked[name] = value
                    continue
                self.asked.append(asked)
                if self.held in asked.get("recipient", ""):
                    self.waiting.append(asked["recipient"])
                    self._released.wait()
                stream.write("action=DUNNO\n\n")
                stream.flush()
                asked = {}
