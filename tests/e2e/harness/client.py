"""An SMTP client that sends exactly the octets it is told to and notes when each octet came back."""

import contextlib
import re
import socket
import ssl
import time

from harness.mail import dotted
from harness.waiting import PATIENCE


class Reply:
    """One SMTP reply."""

    def __init__(self, lines):
        self.code = int(lines[-1][:3])
        self.lines = [line[4:] for line in lines]
        self.text = "\n".join(self.lines)

    @property
    def enhanced(self):
        """The enhanced status code, or "" (RFC 3463)."""
        match = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", self.lines[0])
        return match.group() if match else ""

    def __repr__(self):
        return f"{self.code} {self.text}"


class Closed(Exception):
    """The server ended the connection where a reply was due."""


class Client:
    """A connection. `source` is the loopback address to come from: each is a client of its own.

    It waits `timeout` seconds for each piece of a reply, and `quits_after` seconds in all.
    """

    def __init__(
        self, port, source=None, address="127.0.0.1", timeout=30.0, quits_after=3600.0, receive_buffer=None
    ):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.timeout = timeout * PATIENCE
        self.socket.settimeout(self.timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((address, port))
        self.connected_at = time.monotonic()
        self.quits_at = self.connected_at + quits_after
        self.received = b""
        self.octet_times = []  # (seconds since connect, octets) of each read

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def abort(self):
        """Leaves with a reset instead of a goodbye."""
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def wrap(self, name):
        """Shakes hands; everything from here on is encrypted. It believes any certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        assert self.received == b"", self.received
        self.socket.settimeout(self.timeout)
        self.socket = context.wrap_socket(self.socket, server_hostname=name)

    @property
    def local_port(self):
        return self.socket.getsockname()[1]

    # ---- octets ----------------------------------------------------------------------------------------------

    def send(self, octets):
        self.socket.sendall(octets if isinstance(octets, bytes) else octets.encode())

    def send_split(self, octets, position, pause=0.003):
        """In two segments, so that the server sees them in two reads."""
        self.send(octets[:position])
        time.sleep(pause)
        self.send(octets[position:])

    def _receive(self):
        left = self.quits_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.socket.settimeout(min(left, self.timeout))
        try:
            octets = self.socket.recv(65536)
        except ConnectionResetError:
            octets = b""
        if not octets:
            raise Closed(f"closed after {self.received!r}")
        self.octet_times.append((time.monotonic() - self.connected_at, len(octets)))
        self.received += octets

    # ---- replies ---------------------------------------------------------------------------------------------

    def read_reply(self):
        lines = []
        while True:
            while b"\n" not in self.received:
                self._receive()
            line, self.received = self.received.split(b"\n", 1)
            assert line.endswith(b"\r"), f"bare newline in a reply: {line!r}"
            assert len(line) + 1 <= 512, f"reply line of {len(line) + 1} octets"
            assert re.match(rb"[2-5]\d\d[ -]", line), f"not a reply: {line!r}"
            lines.append(line[:-1].decode())
            if line[3:4] == b" ":
                assert len({text[:3] for text in lines}) == 1, lines
                return Reply(lines)

    def read_replies(self, count):
        return [self.read_reply() for _ in range(count)]

    def at_end(self):
        """True once the server has closed and said nothing more."""
        assert self.received == b"", self.received
        try:
            self._receive()
        except Closed:
            return True
        raise AssertionError(f"not closed, but said {self.received!r}")

    # ---- commands --------------------------------------------------------------------------------------------

    def command(self, line):
        self.send((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return self.read_reply()

    def expect(self, code, line=None):
        """The reply to `line` (or the next reply), which must have this code."""
        reply = self.command(line) if line is not None else self.read_reply()
        assert reply.code == code, f"{line!r} got {reply}"
        return reply

    def greet(self, helo="client.example.org"):
        """Greeting and EHLO; the keywords offered, with their arguments."""
        self.expect(220)
        lines = self.expect(250, f"EHLO {helo}").lines[1:]
        return {line.split(" ", 1)[0]: line.partition(" ")[2] for line in lines}

    def envelope(self, sender="sender@example.org", recipients=("alice@example.test",)):
        self.expect(250, f"MAIL FROM:<{sender}>")
        for recipient in recipients:
            self.expect(250, f"RCPT TO:<{recipient}>")

    def content(self, octets):
        """DATA and the content; the reply to the final dot."""
        self.expect(354, "DATA")
        self.send(dotted(octets))
        return self.read_reply()

    def quit(self):
        self.expect(221, "QUIT")
        assert self.at_end()
        self.close()


def answer_to_recipient(sluice, source, sender="sender@example.org", recipient="alice@example.test"):
    """The code of what this client is told of this recipient, in a session of its own."""
    with sluice.connect(source=source) as client:
        client.greet()
        client.expect(250, f"MAIL FROM:<{sender}>")
        code = client.command(f"RCPT TO:<{recipient}>").code
        client.quit()
        return code


def send_mail(port, content, sender="sender@example.org", recipients=("alice@example.test",), source=None):
    """One mail in a connection of its own; the reply to the final dot."""
    with Client(port, source=source) as client:
        client.greet()
        client.envelope(sender, recipients)
        reply = client.content(content)
        client.quit()
        return reply
