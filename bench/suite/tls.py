"""What TLS costs: the memory of a session held under it, and the CPU of a handshake.

The load generator speaks no TLS. So many sessions are few enough for Python's: each says EHLO, STARTTLS where it is to
be encrypted, EHLO again, and is then held. Sluice gives OpenSSL's buffers back between records; a Postfix process of
its own for every session is what it is compared with.
"""

import dataclasses
import pathlib
import socket
import ssl
import subprocess
import tempfile
import time

from suite import postfix, report, servers, target
from suite.processes import BenchError, user_bytes
from suite.result import Result

SLUICE = """
    policy.networks.fast = ["127.0.0.0/8"]
    limits.command_timeout_s = 3600
    tls.chain_files = ["{chain}"]
    tls.handshakes_per_client_max = 0
    """
POSTFIX = """
smtpd_tls_security_level = may
smtpd_tls_chain_files = {chain}
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
"""
SESSIONS, SESSIONS_POSTFIX = 4000, 60
WARM_UP = 50


class SluiceTls(servers.Sluice):
    def __init__(self, build, folder, chain):
        super().__init__(build, folder, settings=SLUICE.format(chain=chain))


class PostfixTls(postfix.Postfix):
    def __init__(self, build, folder, chain):
        super().__init__(build, folder, listener="tuned")
        self.settings = POSTFIX.format(chain=chain)


@dataclasses.dataclass
class Row:
    server: str
    kind: str
    sessions: int = 0
    user_bytes: float = 0  # a session
    cpu_us: float = 0  # for opening it


def make_chain(folder):
    """The file of a P-256 key and its own certificate."""
    key, certificate, chain = (folder / name for name in ("key", "certificate", "chain.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=mx.bench.test", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    chain.write_bytes(key.read_bytes() + certificate.read_bytes())
    return chain


class Client:
    """One session; `context` is None for plaintext."""

    def __init__(self, port, number, context):
        source = f"127.2.{number // 250}.{number % 250 + 1}"
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))
        self._hear("220")
        self._say("EHLO client.bench.test", "250")
        if context:
            self._say("STARTTLS", "220")
            self.socket = context.wrap_socket(self.socket)
            self._say("EHLO client.bench.test", "250")

    def _say(self, command, expected):
        self.socket.sendall(command.encode() + b"\r\n")
        self._hear(expected)

    def _hear(self, expected):
        text = b""
        while not (text.endswith(b"\r\n") and text.splitlines()[-1][3:4] == b" "):
            more = self.socket.recv(4096)
            if not more:
                break
            text += more
        if not text.startswith(expected.encode()):
            raise BenchError(f"{expected} was expected, and this came: {text!r}")

    def close(self):
        self.socket.close()


def _measure(server, row, context):
    for client in [Client(server.port, number, context) for number in range(min(WARM_UP, row.sessions))]:
        client.close()
    time.sleep(1)
    user_before, cpu_before = user_bytes(server.pids()), server.cpu_ns()
    clients = [Client(server.port, number, context) for number in range(row.sessions)]
    time.sleep(1)
    row.cpu_us = (server.cpu_ns() - cpu_before) / 1e3 / row.sessions
    row.user_bytes = (user_bytes(server.pids()) - user_before) / row.sessions
    for client in clients:
        client.close()


def _rows(setting):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plan = [(SluiceTls, SESSIONS, "plaintext"), (SluiceTls, SESSIONS, "TLS"), (PostfixTls, SESSIONS_POSTFIX, "TLS")]
    rows, notes = [], []
    with tempfile.TemporaryDirectory(prefix="sluice-bench-", dir="/tmp") as folder:
        chain = make_chain(pathlib.Path(folder))
        for number, (make, sessions, kind) in enumerate(plan):
            server = None
            try:
                server = make(setting.build, pathlib.Path(folder) / str(number), chain)
                setting.say(f"{server.name}: {sessions} sessions, {kind}")
                server.start()
                rows.append(Row(server.name, kind, sessions))
                _measure(server, rows[-1], context if kind == "TLS" else None)
            except servers.Missing as reason:
                notes.append(f"left out: {reason}")
            finally:
                if server:
                    server.stop()
    return rows, notes


def tls(setting):
    """Memory of a session held under TLS, and CPU of opening it, beside Postfix."""
    rows, notes = _rows(setting)
    text = report.table(["server", "sessions", "", "user bytes each", "CPU µs to open one"],
                        [[row.server, str(row.sessions), row.kind, f"{row.user_bytes:.0f}", f"{row.cpu_us:.0f}"]
                         for row in rows])
    ours = next(row for row in rows if row.kind == "TLS")
    targets = [target.Target("user bytes of a session held under TLS", 16_384, ours.user_bytes, "B")]
    if rows[-1].server != ours.server:
        targets.append(target.ratio("over a Postfix process", 1, ours.user_bytes, rows[-1].user_bytes))
    text += target.table(targets) + "".join(f"\n- {note}" for note in notes) + ("\n" if notes else "")
    figures = {"rows": [dataclasses.asdict(row) for row in rows], "targets": target.as_json(targets), "notes": notes}
    return Result(text, figures, False)
