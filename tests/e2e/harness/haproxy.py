"""A real HAProxy in front of a port, with what its stats socket says of the servers behind it."""

import csv
import io
import shutil
import socket
import subprocess

from harness.waiting import free_port, wait_for_port, wait_until

BALANCER = "127.0.98.9"  # the address it connects from


class HAProxy:
    """One frontend, one server. A context manager.

    `line` is one of the proxy's (how it checks, or what it does with connections), `options` are those of the server.
    Clients may come over a Unix socket, too: `clients`.
    """

    def __init__(self, directory, server_port, options, line=""):
        assert shutil.which("haproxy"), "apt-get install haproxy"
        self.directory = directory
        self.port = free_port()
        self.socket = directory / "stats"
        self.clients = directory / "clients"
        self.config = directory / "haproxy.cfg"
        self.config.write_text(
            f"""
global
  stats socket {self.socket} level admin
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen smtp
  bind 127.0.0.1:{self.port}
  bind {self.clients}
  {line}
  server sluice 127.0.0.1:{server_port} source {BALANCER} {options}
"""
        )
        self.process = None

    def __enter__(self):
        with open(self.directory / "haproxy.log", "wb") as log:
            self.process = subprocess.Popen(
                ["haproxy", "-db", "-f", self.config], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_for_port(self.port, self.process)
        for each in (self.socket, self.clients):  # they get their names last of all
            wait_until(each.exists, f"{each.name} of HAProxy")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def server(self):
        """The row of the server in `show stat`."""
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(10)
            asked.connect(str(self.socket))
            asked.sendall(b"show stat\n")
            text = b"".join(iter(lambda: asked.recv(65536), b"")).decode()
        rows = csv.DictReader(io.StringIO(text.removeprefix("# ")))
        return next(row for row in rows if row["svname"] == "sluice")
