"""What the sandbox of the workers costs: seccomp's look at each system call, and Landlock's at files and connections.

Twice. CPU of a unit in Sluice as it is, and in programs of the bench that link the product without one guard or both:
what counts, but no finer than the machine is steady, so that runs are short, many, and compared within their round. And
what one system call costs with each guard (sluice-guard-cost, the same library), the quickest of many batches, times
how many calls a unit makes (strace): finer than any load can show.
"""

import functools
import json
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from suite import cost, load, report, servers
from suite.processes import BenchError
from suite.result import Result

SLUICE = """
    recipients.verify = "mta"
    policy.networks.fast = ["127.0.0.0/8"]
    """
GUARDS = (servers.Sluice, servers.SluiceUnfiltered, servers.SluiceUnguarded)
WORKS = [cost.Work("4 kB mail, a connection each", "mail", 2000), cost.Work("connect, greeting, QUIT", "churn", 6000)]
ROUNDS = 50
COUNTED = 500  # units under strace


def _calls(setting):
    """System calls of a unit, for each work; the work's title → number."""
    if not shutil.which("strace"):
        raise servers.Missing("system calls of a unit: apt-get install strace")
    counted = {}
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        server = servers.Sluice(setting.build, pathlib.Path(folder) / "sluice", settings=SLUICE)
        try:
            server.start()
            for number, work in enumerate(WORKS):
                load.run(setting.build, work.mode, server.port, units=COUNTED)
                counted[work.title] = _count(setting, server, work, pathlib.Path(folder) / f"calls-{number}")
        finally:
            server.stop()
    return counted


def _count(setting, server, work, file):
    worker = server.pids()[1]
    tracing = subprocess.Popen(["strace", "-f", "-c", "-o", file, "-p", str(worker)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        status = pathlib.Path(f"/proc/{worker}/status")
        deadline = time.monotonic() + 10
        while "TracerPid:\t0\n" in status.read_text():
            if tracing.poll() is not None or time.monotonic() > deadline:
                raise BenchError("strace does not attach to a worker")
            time.sleep(0.05)
        units = load.run(setting.build, work.mode, server.port, units=COUNTED)["units"]
        server.settle()
    finally:
        tracing.send_signal(signal.SIGINT)
        tracing.wait()
    # Columns of the last line: % time, seconds, usecs/call, calls, perhaps errors, "total".
    return int(file.read_text().split("\n")[-2].split()[3]) / units


def _call_costs(setting):
    done = subprocess.run([setting.build / "sluice-guard-cost"], capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError(done.stderr.strip())
    return json.loads(done.stdout)


def _compare(setting):
    compared = cost.Comparison(setting.build, [cost.Entry(functools.partial(one, settings=SLUICE)) for one in GUARDS],
                               WORKS, 3 if setting.quick else max(setting.rounds, ROUNDS), setting.say)
    compared.measure()
    return compared


def _differences(compared):
    """Runs of one round are compared with each other."""
    name = servers.Sluice.name
    titles = [work.title for work in WORKS]
    text = f"CPU µs of the server a unit: median (quartiles) of {compared.rounds} runs.\n\n"
    text += report.table(["server"] + titles, [[one] + [report.quartiles(each.us) for each in cells]
                                               for one, cells in compared.cells.items()])
    rows = []
    for other, cells in compared.cells.items():
        if other != name:
            more = [[ours - theirs for ours, theirs in zip(mine.us, each.us)]
                    for mine, each in zip(compared.cells[name], cells)]
            rows.append([f"than {other}"] + [report.quartiles(each) for each in more])
    return text + "\n" + report.table(["more CPU µs than in the same round"] + titles, rows)


def _estimate(costs, calls):
    kinds = list(costs["none"])
    text = "\nns of a system call, the quickest of many batches.\n\n"
    text += report.table(["guard"] + kinds, [[guard] + [f"{of[kind]:.0f}" for kind in kinds]
                                             for guard, of in costs.items()])
    if calls:
        each = costs["both"]["recv"] - costs["none"]["recv"]
        text += "\n" + report.table(["unit", "system calls", f"at {each:.0f} ns each, CPU µs"], [
            [title, f"{count:.1f}", f"{count * each / 1e3:.2f}"] for title, count in calls.items()])
    return text


def sandbox(setting):
    """CPU of a mail and of a connection in Sluice's sandbox (seccomp, Landlock), and without it."""
    compared = _compare(setting)
    notes, costs, calls = list(compared.notes), {}, {}
    try:
        setting.say("single system calls")
        costs = _call_costs(setting)
        calls = _calls(setting)
    except (servers.Missing, BenchError) as reason:
        notes.append(f"left out: {reason}")
        setting.say(notes[-1])
    whole = all(one.name in compared.cells for one in GUARDS)
    text = (_differences(compared) if whole else "") + (_estimate(costs, calls) if costs else "")
    text += "".join(f"\n- {note}" for note in notes) + ("\n" if notes else "")
    figures = {"cells": compared.as_json(), "ns": costs, "calls": calls, "notes": notes}
    return Result(text, figures, not whole or any(compared.failed(name) for name in compared.cells))
