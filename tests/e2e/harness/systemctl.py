#!/usr/bin/python3
"""Stands in for systemctl(1) on a `Machine`, which has no systemd: it does with the installed units what systemd would, as
far as the guide asks for it. What systemd takes from a service (its sandbox) is not there."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

UNITS = pathlib.Path("/etc/systemd/system")
NOTIFY, JOURNAL = "/run/sluice-notify", "/run/sluice-journal"


def setting(unit, key):
    found = re.search(rf"(?m)^{key}=(.*)$", (UNITS / unit).read_text())
    return found and found.group(1)


def mains():
    """Supervisors: processes of the binary, though it be replaced, whose parent is none. Certbot's hook has its name, too."""

    def name(pid):
        return pathlib.Path(f"/proc/{pid}/exe").readlink().name.removesuffix(" (deleted)")

    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = path.joinpath("stat").read_text().rpartition(")")[2].split()[1]
            if name(path.name) == "sluice" and not (parent != "0" and name(parent) == "sluice"):
                found.append(int(path.name))
        except OSError:  # it has just ended
            continue
    return found


def run(command, unit):
    where = setting(unit, "WorkingDirectory") or "/"
    sys.exit(subprocess.run(["sh", "-c", f"exec {command}"], cwd=where).returncode)


def start(unit):
    if setting(unit, "Type") == "oneshot":
        run(setting(unit, "ExecStart"), unit)
    (pathlib.Path("/var/lib") / setting(unit, "StateDirectory")).mkdir(exist_ok=True)
    (pathlib.Path("/var/log") / setting(unit, "LogsDirectory")).mkdir(exist_ok=True)
    pathlib.Path(NOTIFY).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready, open(JOURNAL, "ab") as journal:
        ready.bind(NOTIFY)
        ready.settimeout(120)
        subprocess.Popen(setting(unit, "ExecStart").split(), env={**os.environ, "NOTIFY_SOCKET": NOTIFY}, cwd="/",
                         stdin=subprocess.DEVNULL, stdout=journal, stderr=journal, start_new_session=True)  # fmt: skip
        while b"READY=1" not in ready.recv(4096):
            pass


def stop():
    for pid in mains():
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 120
    while mains():
        if time.monotonic() > deadline:
            sys.exit("sluice does not end")
        time.sleep(0.05)


def main(verb, words):
    names = [word for word in words if not word.startswith("-")]
    if verb == "daemon-reload":
        return
    if verb == "is-active":
        sys.exit(0 if mains() else 3)
    if verb == "kill":
        for pid in mains():
            os.kill(pid, signal.SIGUSR1)
        return
    for name in names:
        unit = name if "." in name else f"{name}.service"
        if not (UNITS / unit).exists():
            sys.exit(f"Unit file {unit} does not exist.")
        if unit.endswith((".timer", ".socket")):
            continue
        if verb == "start" or (verb == "enable" and "--now" in words):
            start(unit)
        elif verb == "reload":
            run(setting(unit, "ExecReload"), unit)
        elif verb == "stop" or (verb == "disable" and "--now" in words):
            stop()
        else:
            sys.exit(f"unknown: {verb}")


main(sys.argv[1], sys.argv[2:])
