"""A real name server on loopback with data of its own."""

import pathlib
import shutil
import socket
import time

from suite.processes import BenchError, Process, free_ports

# A question for the A record of probe.invalid: its answer, whatever it says, shows that the server is up.
_PROBE = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05probe\x07invalid\x00\x00\x01\x00\x01"


class Unbound:
    """`lines`: its local data, as unbound.conf(5) writes them. A context manager; `address` as dns.servers wants it."""

    def __init__(self, lines, folder):
        if not shutil.which("unbound"):
            raise BenchError("no unbound: apt-get install unbound")
        self._port, = free_ports(1)
        self.address = f"127.0.0.1:{self._port}"
        self._folder = pathlib.Path(folder)
        self._folder.mkdir(parents=True)
        (self._folder / "unbound.conf").write_text(f"""server:
  interface: 127.0.0.1@{self._port}
  do-daemonize: no
  use-syslog: no
  chroot: ""
  username: ""
  directory: "{self._folder}"
  pidfile: ""
remote-control:
  control-enable: no
server:
""" + "".join(f"  {line}\n" for line in lines))
        self._process = None

    def __enter__(self):
        self._process = Process(["unbound", "-d", "-c", self._folder / "unbound.conf"], self._folder / "out.log")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self._process.running():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.settimeout(0.5)
                try:
                    probe.connect(("127.0.0.1", self._port))
                    probe.send(_PROBE)
                    probe.recv(512)
                    return self
                except OSError:
                    time.sleep(0.1)
        words = self._process.last_words()
        self._process.stop()
        raise BenchError(f"unbound does not answer; {words}")

    def __exit__(self, *_):
        self._process.stop()
