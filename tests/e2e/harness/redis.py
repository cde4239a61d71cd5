"""Real redis-servers on loopback ports: one, or a cluster of masters."""

import pathlib
import shutil
import signal
import subprocess
import tempfile

from harness.waiting import free_port, wait_for_port, wait_until


class Redis:
    """A server that keeps nothing on disk; a context manager. It may be killed, paused and started again."""

    def __init__(self, *options, port=None):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sluice-redis-", dir="/tmp"))
        self.options = options
        self.port = port or free_port()
        self.process = None

    def url(self, login=""):
        """As `store` wants it; `login` is "user:password"."""
        return f"redis://{login + '@' if login else ''}127.0.0.1:{self.port}"

    def start(self):
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.directory,
                 *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        wait_for_port(self.port, self.process)
        return self

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def cli(self, *words):
        """Returns what redis-cli prints."""
        done = subprocess.run(
            ["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), *words],
            capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
        return done.stdout

    def keys(self, pattern="*"):
        return self.cli("KEYS", pattern).split()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


class RedisCluster:
    """Three masters that share the slots; a context manager."""

    def __init__(self):
        self.nodes = []

    def __enter__(self):
        options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000")
        for _ in range(3):
            bus = ("--cluster-port", str(free_port()))
            self.nodes.append(Redis(*options, *bus).start())
        places = [f"127.0.0.1:{node.port}" for node in self.nodes]
        made = self.nodes[0].cli("--cluster", "create", *places, "--cluster-yes")
        assert "All 16384 slots covered" in made, made
        for node in self.nodes:
            wait_until(lambda node=node: "cluster_state:ok" in node.cli("CLUSTER", "INFO"), "the cluster to agree")
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            node.__exit__()

    def url(self):
        """As `store` wants it."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def keys(self):
        return [key for node in self.nodes for key in node.keys()]
