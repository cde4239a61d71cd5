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


# Attackers have machines of their own. Where they must share one with the server, they have what it leaves.
ELSEWHERE = ["nice", "-n", "19"]


class Mix:
    """Several classes of clients at once for so many seconds; `classes` is name → its options."""

    def __init__(self, build, port, classes, *, seconds, seed=1, elsewhere=False):
        argv = (ELSEWHERE if elsewhere else []) + _argv(build, "mix", port, {"seconds": seconds, "seed": seed})
        for name, options in classes.items():
            argv += ["--class", _class_text(name, options)]
        self._popen = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._to_end_s = seconds + 60

    def result(self):
        """Waits for the end; name → what came of the class."""
        try:
            out, errors = self._popen.communicate(timeout=self._to_end_s)
        finally:
            self._popen.kill()  # does nothing to one that has ended
        if self._popen.returncode not in (0, 1):
            raise BenchError(f"sluice-load: {errors.strip()}")
        return json.loads(out)["classes"]


def mix(build, port, classes, **options):
    return Mix(build, port, classes, **options).result()


def _class_text(name, options):
    parts = [f"name={name}"]
    for key, value in options.items():
        if value is True:
            parts.append(key)
        elif value is not False and value is not None:
            parts.append(f"{key}={value}")
    return ",".join(parts)


class Hold:
    """Connections held by a sluice-load of its own."""

    def __init__(self, build, port, **options):
        self._popen = subprocess.Popen(ELSEWHERE + _argv(build, "hold", port, options), stdout=subprocess.PIPE,
                                       text=True)

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
        last = {"failures": {"sluice-load ended": 1}}
        for line in self._popen.stdout:
            last = json.loads(line)
        self._popen.stdout.close()
        self._popen.wait()
        return last


class Holds:
    """Connections held by as many processes as their descriptors need, each with addresses of its own."""

    CLIENTS_MAX = 19_000  # of one process, where descriptors are limited to 20,000

    def __init__(self, build, port, *, clients, rate, **options):
        parts = -(-clients // self.CLIENTS_MAX)
        # 127.64.0.0/10 in networks of 4,096: away from everything else that comes from loopback.
        self._holds = [Hold(build, port, clients=clients * (n + 1) // parts - clients * n // parts, rate=rate // parts,
                            sources=f"127.{64 + n // 16}.{n % 16 * 16}.0/20", **options) for n in range(parts)]

    def second(self):
        """As Hold.second(), summed up."""
        return _sum([held.second() for held in self._holds])

    def stop(self):
        return _sum([held.stop() for held in self._holds])


def _sum(results):
    total = {"failures": {}}
    for result in results:
        for key, value in result.items():
            if key == "failures":
                for reason, count in value.items():
                    total["failures"][reason] = total["failures"].get(reason, 0) + count
            elif isinstance(value, int):
                total[key] = value if key == "second" else total.get(key, 0) + value
    return total


def _argv(build, mode, port, options):
    argv = [str(build / "sluice-load"), mode, "--to", f"127.0.0.1:{port}"]
    for name, value in options.items():
        if value is True:
            argv.append(f"--{name}")
        elif value is not False and value is not None:
            argv += [f"--{name}", str(value)]
    return argv
