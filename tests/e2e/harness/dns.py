"""Real name servers on loopback ports: rbldnsd with DNS lists, unbound with names."""

import contextlib
import pathlib
import shutil
import socket
import subprocess
import tempfile

import dns.exception
import dns.message
import dns.query

from harness.waiting import free_port, wait_until


class NameServer:
    """A server process with a directory of its own; a context manager."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-dns-", dir="/tmp"))
        self.directory.chmod(0o755)
        self.port = free_port()
        self.process = None

    @property
    def address(self):
        """As `dns.servers` wants it."""
        return f"127.0.0.1:{self.port}"

    def command(self):
        raise NotImplementedError

    def start(self):
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: self.answer("probe.invalid") is not None, f"{self.command()[0]} to answer")
        return self

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def answer(self, name, kind="A"):
        """Returns the reply, whatever it is, or None."""
        query = dns.message.make_query(name, kind)
        with contextlib.suppress(dns.exception.DNSException, OSError):
            return dns.query.udp(query, "127.0.0.1", port=self.port, timeout=1)
        return None


class Rbldnsd(NameServer):
    """`zones`: name of a DNS list -> {client address: return code}."""

    def __init__(self, zones):
        super().__init__()
        self.zones = zones
        for number, listings in enumerate(zones.values()):
            v4 = "".join(f"{address} :{code}:listed\n" for address, code in listings.items() if ":" not in address)
            v6 = "".join(f"{address} :{code}:listed\n" for address, code in listings.items() if ":" in address)
            (self.directory / f"v4-{number}").write_text(v4)
            (self.directory / f"v6-{number}").write_text(v6)

    def command(self):
        return [
            "rbldnsd", "-n", "-u", "nobody", "-w", str(self.directory), "-b", f"127.0.0.1/{self.port}",
            *(f"{zone}:ip4set:v4-{number}" for number, zone in enumerate(self.zones)),
            *(f"{zone}:ip6trie:v6-{number}" for number, zone in enumerate(self.zones)),
        ]  # fmt: skip


class Unbound(NameServer):
    """`lines`: its local data, as unbound.conf(5) writes them."""

    def __init__(self, lines):
        super().__init__()
        (self.directory / "unbound.conf").write_text(
            f"""server:
  interface: 127.0.0.1@{self.port}
  do-daemonize: no
  use-syslog: no
  chroot: ""
  username: ""
  directory: "{self.directory}"
  pidfile: ""
  unblock-lan-zones: yes
  insecure-lan-zones: yes
  local-zone: "invalid." static
remote-control:
  control-enable: no
server:
"""
            + "".join(f"  {line}\n" for line in lines)
        )

    def command(self):
        return ["unbound", "-d", "-c", str(self.directory / "unbound.conf")]


class SignedZone(Unbound):
    """An authority for one zone signed by DNSSEC, as ldns-signzone does it; `records` are lines of its zone file.

    `anchor` is the file that a validating resolver starts from. With `signed=False` it is an unsigned zone below it.
    """

    def __init__(self, zone, records, signed=True):
        super().__init__(['local-zone: "test." nodefault'])
        text = f"$ORIGIN {zone}.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n"
        file = self.directory / "zone"
        file.write_text(text + "".join(f"{record}\n" for record in records))
        made = self._run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", zone).strip()
        self.anchor = self.directory / f"{made}.ds"
        if signed:
            self._run("ldns-signzone", file, self.directory / made)
            file = self.directory / "zone.signed"
        with open(self.directory / "unbound.conf", "a", encoding="ascii") as configuration:
            configuration.write(
                f"auth-zone:\n  name: {zone}\n  zonefile: {file}\n"
                "  for-downstream: yes\n  for-upstream: yes\n  fallback-enabled: no\n"
            )

    def _run(self, *command):
        done = subprocess.run(command, cwd=self.directory, check=True, capture_output=True, text=True)
        return done.stdout


class SilentServer:
    """Takes questions and never answers; a context manager."""

    def __enter__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        return self

    def __exit__(self, *_):
        self.socket.close()
