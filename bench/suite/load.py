"""Running sluice-load."""

import json
import subprocess

from suite.processes import BenchError


def run(build, mode, port, *, to_end_s=300, **options):
    """One run to its end; its result as a dictionary. `sources="127.1.0.0/16"` is --sources 127.1.0.0/16, True a flag."""
    finished = subprocess.run(_argv(build, mode, port, options), capture_output=True, text=True, timeout=to_end_s)
    if finished.returncode not in (0, 1):
        raise BenchError(f"sluice-load: {finished.stderr.strip()}")
    return json.loads(finished.stdout)


class Hold:
    """Connections held by a sluice-load of its own."""

    def __init__(self, build, port, **options):
        self._popen = subprocess.Popen(_argv(build, "hold", port, options), stdout=subprocess.PIPE, text=True)

    def second(self):
        """What it says of the second that has just passed; blocks until then."""
        line = self._popen.stdout.readline()
        if not line:
            raise BenchError(f"sluice-load hold ended with {self._popen.wait()}")
        return json.loads(line)

    def stop(self):
        """Ends it; its result."""
        if self._popen.poll() is None:
            self._popen.terminate()
        last = None
        for line in self._popen.stdout:
            last = json.loads(line)
        self._popen.stdout.close()
        self._popen.wait()
        return last


def _argv(build, mode, port, options):
    argv = [str(build / "sluice-load"), mode, "--to", f"127.0.0.1:{port}"]
    for name, value in options.items():
        if value is True:
            argv.append(f"--{name}")
        elif value is not False and value is not None:
            argv += [f"--{name}", str(value)]
    return argv
