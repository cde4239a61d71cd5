"""An MTA that speaks properly until a test tells it how to fail, and remembers everything it was told.

A script maps a stage to what happens there instead of the proper answer. The stages, in order: "connect" (instead of
the greeting), "ehlo", "starttls", "xclient", "mail", "rcpt", "data", "content" (after the first line of content), "dot" (all of it
is here, no reply given yet), "rset", "noop", "quit"; "unknown" for any other command. What happens is one of

    "450 4.2.0 text"     this reply
    DIE                  the connection is reset
    CLOSE                the connection is closed
    HANG                 silence, until the MTA closes the connection
    Wait(seconds)        the proper answer, later
    a function(session, argument)  returning one of these, or None for the proper answer

Sluice's own question whether this MTA would relay for strangers is refused, and neither the script nor what is
remembered hears of it (`hears_proofs=True` changes that).
"""

import contextlib
import dataclasses
import socket
import ssl
import threading

from harness.waiting import free_port, wait_until

DIE, CLOSE, HANG = "<die>", "<close>", "<hang>"
XCLIENT = "XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT"
PROOF_RECIPIENTS = ("RCPT TO:<sluice-check@not-your-domain.example>", "RCPT TO:<sluice-check@[203.0.113.25]>")
PROOF_CLIENT = "ADDR=203.0.113.25"
EVERYTHING = ("PIPELINING", "SIZE 50000000", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8", "CHUNKING", XCLIENT)


@dataclasses.dataclass
class Wait:
    seconds: float


@dataclasses.dataclass
class Taken:
    """A message the MTA has said 250 to, and as whose."""

    connection: int
    identity: dict
    helo: str
    sender: str
    recipients: list
    content: bytes


class Gone(Exception):
    """The connection is over."""


class ScriptedMta:
    """Listens on a loopback port; a context manager. `script` may be changed at any time.

    With `chain`, a file of a key and its certificate, it offers STARTTLS. `secure_offer` is added under TLS.
    """

    def __init__(self, offer=EVERYTHING, port=None, chain=None, secure_offer=(), hears_proofs=False, **script):
        self.offer = offer
        self.hears_proofs = hears_proofs
        self.secure_offer = secure_offer
        self.tls = None
        if chain:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(chain)
        self.port = port or free_port()
        self.script = dict(script)
        self.taken = []
        self.received = []  # (connection, command line) in the order of arrival
        self.reached = []  # stages, in the order of arrival
        self.connections = 0
        self._sessions = []
        self._lock = threading.Lock()
        self._listener = None

    def __enter__(self):
        self.listen()
        return self

    def __exit__(self, *_):
        self.vanish()

    def listen(self):
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=200)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def vanish(self):
        """Stops listening and resets every connection, as a crash does."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset_connections()

    def reset_connections(self):
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.end(reset=True)

    def close_connections(self):
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.end()

    def say_to_all(self, line):
        """Says this on every connection, out of turn, and closes."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.say(line)
            session.end()

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                session = _Session(self, connection, self.connections)
                self._sessions.append(session)
            threading.Thread(target=session.run, daemon=True).start()

    # ---- what happened ---------------------------------------------------------------------------------------

    def commands(self, verb=None):
        """Command lines, of one verb or all."""
        return [line for _, line in self.received if verb is None or line.upper().startswith(verb)]

    def wait_reached(self, stage, times=1, timeout=10.0):
        wait_until(lambda: self.reached.count(stage) >= times, f"the MTA to reach {stage!r}", timeout)

    def open_connections(self):
        with self._lock:
            return len(self._sessions)

    def forget(self, session):
        with self._lock:
            if session in self._sessions:
                self._sessions.remove(session)


class _Session:
    """One connection, on a thread of its own, which alone touches the socket."""

    def __init__(self, mta, connection, number):
        self.mta = mta
        self.socket = connection
        self.socket.settimeout(0.05)  # so that over is noticed
        self.number = number
        self.pending = b""
        self.over = threading.Event()
        self.reset = False
        self.identity = {}
        self.helo = ""
        self.as_stranger = self.as_ourselves = False
        self._clear()

    def _clear(self):
        self.sender = None
        self.recipients = []
        self.chunks = b""

    def end(self, reset=False):
        """Asks for the end of the connection; from any thread."""
        self.reset = self.reset or reset
        self.over.set()

    def run(self):
        try:
            self.answer("connect", "", "220 scripted.example.test ESMTP")
            while True:
                self.command(self.line().decode("utf-8", "replace").rstrip("\r\n"))
        except (Gone, OSError):
            pass
        finally:
            if self.reset:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.socket.close()
            self.mta.forget(self)

    def receive(self):
        while not self.over.is_set():
            with contextlib.suppress(TimeoutError):
                octets = self.socket.recv(65536)
                if not octets:
                    break
                self.pending += octets
                return
        raise Gone

    def line(self):
        while b"\n" not in self.pending:
            self.receive()
        line, _, self.pending = self.pending.partition(b"\n")
        return line + b"\n"

    def octets(self, count):
        while len(self.pending) < count:
            self.receive()
        octets, self.pending = self.pending[:count], self.pending[count:]
        return octets

    def say(self, reply):
        self.socket.sendall(reply.encode() + b"\r\n")

    def answer(self, stage, argument, proper, before=lambda: None):
        """Does what the script says, else answers properly; True when the proper answer was given.

        `before` runs just before the proper answer: what it notes is there once the answer is heard.
        """
        if self.as_stranger or self.as_ourselves:
            self.say(proper)
            return True
        self.mta.reached.append(stage)
        act = self.mta.script.get(stage)
        if callable(act):
            act = act(self, argument)
        if isinstance(act, Wait):
            self.over.wait(act.seconds)
            act = None
        if act in (DIE, CLOSE, HANG):
            self.stop_here(act)
        if act is None:
            before()
        self.say(act or proper)
        if act and act.startswith("421"):
            raise Gone
        return act is None

    def stop_here(self, act):
        if act == HANG:
            self.over.wait()
        else:
            self.end(reset=act == DIE)
        raise Gone

    # ---- commands --------------------------------------------------------------------------------------------

    def notice_proof(self, line):
        """Whether the line is of Sluice's own question: said in the stranger's name, or before any identity."""
        if self.mta.hears_proofs:
            return False
        if line.startswith("XCLIENT"):
            self.as_stranger = PROOF_CLIENT in line
        if line == "MAIL FROM:<>":
            # Where nothing is pipelined: before any identity, with XCLIENT, nobody else says anything.
            alone = not self.pending and not self.identity and any(o.startswith("XCLIENT") for o in self.mta.offer)
            self.as_ourselves = alone or self.pending.startswith(PROOF_RECIPIENTS[0].encode())
        elif not line.startswith((*PROOF_RECIPIENTS, "RSET")):
            self.as_ourselves = False
        return self.as_stranger or self.as_ourselves

    def command(self, line):
        if not self.notice_proof(line):
            self.mta.received.append((self.number, line))
        verb, _, argument = line.partition(" ")
        verb = verb.upper()
        if verb in ("EHLO", "HELO"):
            self._clear()
            if self.answer("ehlo", argument, self._ehlo_reply()):
                self.helo = argument
        elif verb == "XCLIENT":
            self._xclient(argument)
        elif verb == "STARTTLS" and self.mta.tls:
            self._start_tls()
        elif verb == "MAIL":
            if self.answer("mail", argument, "250 2.1.0 Ok"):
                self.sender = argument
        elif verb == "RCPT":
            if self.sender is None:
                self.say("503 5.5.1 need MAIL")
            elif line.startswith(PROOF_RECIPIENTS) and "rcpt" not in (self.mta.script if self.mta.hears_proofs else ()):
                self.say("554 5.7.1 Relay access denied")
            elif self.answer("rcpt", argument, "250 2.1.5 Ok"):
                self.recipients.append(argument)
        elif verb == "DATA":
            self._data()
        elif verb == "BDAT":
            self._bdat(argument)
        elif verb == "RSET":
            self._clear()
            self.answer("rset", argument, "250 2.0.0 Ok")
            self.as_ourselves = False
        elif verb == "NOOP":
            self.answer("noop", argument, "250 2.0.0 Ok")
        elif verb == "QUIT":
            self.answer("quit", argument, "221 2.0.0 Bye")
            raise Gone
        else:
            self.answer("unknown", line, "502 5.5.2 what?")

    def _ehlo_reply(self):
        secure = isinstance(self.socket, ssl.SSLSocket)
        more = self.mta.secure_offer if secure else ("STARTTLS",) if self.mta.tls else ()
        lines = ["scripted.example.test", *self.mta.offer, *more]
        return "\r\n".join(f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines)

    def _start_tls(self):
        if not self.answer("starttls", "", "220 2.0.0 Ready to start TLS"):
            return
        self.socket.settimeout(5)
        self.socket = self.mta.tls.wrap_socket(self.socket, server_side=True)
        self.socket.settimeout(0.05)
        self.pending = b""
        self._clear()

    def _xclient(self, argument):
        if not any(keyword.startswith("XCLIENT") for keyword in self.mta.offer):
            self.say("502 5.5.2 what?")
        elif self.sender is not None:
            self.say("503 5.5.1 MAIL transaction in progress")
        elif self.answer("xclient", argument, "220 scripted.example.test ESMTP"):
            self.identity = dict(pair.split("=", 1) for pair in argument.split())

    def _data(self):
        if not self.recipients:
            self.say("554 5.5.1 no valid recipients")
            return
        if not self.answer("data", "", "354 go ahead"):
            return
        content = b""
        while (line := self.line()) != b".\r\n":
            content += line
            if "content" in self.mta.script:
                self._stop_in_content()
        self._dot(content)

    def _stop_in_content(self):
        """No reply is due here, so the script can only end or stall the session, or say 421 out of turn."""
        self.mta.reached.append("content")
        act = self.mta.script["content"]
        if act.startswith("421"):
            self.say(act)
        self.stop_here(CLOSE if act.startswith("421") else act)

    def _bdat(self, argument):
        size, *last = argument.split()
        self.chunks += self.octets(int(size))
        if last:
            self._dot(self.chunks)
        else:
            self.say("250 2.0.0 Ok")

    def _dot(self, content):
        message = Taken(self.number, self.identity, self.helo, self.sender, self.recipients, content)
        self._clear()
        self.answer("dot", "", "250 2.0.0 Ok: queued as SCRIPTED", lambda: self.mta.taken.append(message))
