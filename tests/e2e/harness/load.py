"""Very many sessions a second beside a test, by the load generator of the bench."""

import json
import subprocess

from harness.sluice import BUILD


class Load:
    """So many new sessions a second (connect, greeting, QUIT), come what may; a context manager.

    result() ends it: what came of them, with "failures" by reason, of which a connection that is refused or cut is one.
    """

    def __init__(self, port, rate, seconds, clients=2000):
        churn = f"name=churn,kind=churn,rate={rate},clients={clients},timeout=20,sources=127.1.0.0/16"
        command = [BUILD / "sluice-load", "mix", "--to", f"127.0.0.1:{port}", "--seconds", str(seconds), "--class", churn]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def running(self):
        return self.process.poll() is None

    def result(self):
        out, errors = self.process.communicate(timeout=300)
        assert self.process.returncode in (0, 1), errors
        return json.loads(out)["classes"]["churn"]
