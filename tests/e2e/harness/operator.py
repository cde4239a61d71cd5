"""The commands of an operator on a running Sluice that remembers."""

import json
import subprocess

from harness.sluice import BINARY
from harness.waiting import PATIENCE

# Without what makes strangers wait.
REMEMBERS = {"store": "local", "policy": {"pregreet": {"wait_ms": 0}, "greylist": {"who": "nobody"}}}


class Operator:
    """Gives commands to a running Sluice."""

    def __init__(self, sluice):
        self.sluice = sluice

    def command(self, *words, stdin=None, environment=None, **options):
        done = subprocess.run(
            [BINARY, *words, "--config", self.sluice.config_file], input=stdin, capture_output=True, text=True,
            env=environment, timeout=30 * PATIENCE, check=False, **options,
        )  # fmt: skip
        return done

    def __call__(self, *words, **options):
        done = self.command(*words, **options)
        assert done.returncode == 0, f"{words}: {done.stderr}\n{self.sluice.log_text()}"
        return done.stdout

    def put(self, key, value, left_s=0):
        """A record, as if a worker had made it."""
        self("state", "load", stdin=json.dumps({"key": key, "kind": "value", "value": value, "left_s": left_s}))

    def weigh(self, key, good=0, bad=0):
        record = {"key": key, "kind": "evidence", "good": good, "bad": bad, "half_life_s": 604800}
        self("state", "load", stdin=json.dumps(record))

    def metrics(self):
        """Returns the counters: a series with its labels, as it is printed -> its number."""
        lines = [line for line in self("metrics").splitlines() if not line.startswith("#")]
        return {series: int(number) for series, number in (line.rsplit(" ", 1) for line in lines)}

    def explain(self, address, *words):
        return json.loads(self("explain", address, "--json", *words))
