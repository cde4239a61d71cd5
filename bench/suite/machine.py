"""Where and with what a table was measured."""

import os
import pathlib
import platform
import re
import subprocess

_VERSIONS = {
    "nginx": ["nginx", "-v"],
    "HAProxy": ["haproxy", "-v"],
    "Postfix": ["postconf", "-h", "mail_version"],
    "Node": ["node", "--version"],
}


def _first_line(argv, cwd=None):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, cwd=cwd, timeout=20)
    except OSError:
        return ""
    return (done.stdout + done.stderr).strip().split("\n")[0]


def describe(repo):
    """Name → value, in the order to print."""
    cpu = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())
    commit = _first_line(["git", "rev-parse", "--short", "HEAD"], repo)
    changed = _first_line(["git", "status", "--porcelain", "--untracked-files=no", "--", "src"], repo)
    facts = {
        "machine": f"{os.cpu_count()} × {cpu.group(1) if cpu else platform.machine()}, "
                   f"{int(memory.group(1)) // 1024 // 1024} GiB",
        "kernel": platform.release(),
        "commit": commit + (" with changes" if changed else ""),
        "load before": " ".join(f"{value:.1f}" for value in os.getloadavg()),
    }
    for name, argv in _VERSIONS.items():
        line = _first_line(argv)
        found = re.search(r"\d+(\.\d+)+", line)
        if found:
            facts[name] = found.group(0)
    return facts
