"""A Debian machine of a test's own, to do on it what the documentation says, word for word.

It is this one, in namespaces: a network of its own, processes that end with it, and /etc, /usr and /var in which whatever
is written is gone afterwards. Paths, ports, users and programs are therefore those of the documentation. What is not real:
systemctl(1), which is harness/systemctl.py, for there is no systemd.
"""

import os
import pathlib
import re
import subprocess

from harness.namespace import Namespace
from harness.sluice import BUILD
from harness.waiting import PATIENCE, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]
SYSTEMCTL = pathlib.Path(__file__).with_name("systemctl.py")

# /run and /tmp are new; the checkout stays where it is, with the build that is tested in the place of ./dev's.
SET_UP = f"""
set -e
mount -t tmpfs tmpfs /mnt
for name in etc usr var; do
    mkdir -p /mnt/$name/new /mnt/$name/work
    mount -t overlay overlay -o lowerdir=/$name,upperdir=/mnt/$name/new,workdir=/mnt/$name/work /$name
done
mount -t tmpfs tmpfs /run
if [ {BUILD} != {ROOT}/build/release ]; then
    mkdir -p {ROOT}/build/release
    mount --bind {BUILD} {ROOT}/build/release
fi
cp {SYSTEMCTL} /usr/bin/systemctl
echo ready
# The first of its processes: with this, one that has ended and has no parent is gone at once.
exec /usr/bin/python3 -c "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN); signal.pause()"
"""


def possible():
    """Whether namespaces and overlays are allowed here."""
    probe = "mount -t tmpfs tmpfs /mnt && mkdir /mnt/n /mnt/w && "
    probe += "mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/n,workdir=/mnt/w /etc"
    words = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", probe]
    return os.geteuid() == 0 and subprocess.run(words, capture_output=True).returncode == 0


class Machine(Namespace):
    """A context manager."""

    def __enter__(self):
        self._keeper = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", SET_UP],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        line = self._keeper.stdout.readline()
        assert line == "ready\n", line + self._keeper.communicate()[0]
        children = pathlib.Path(f"/proc/{self._keeper.pid}/task/{self._keeper.pid}/children").read_text()
        self._first = children.strip()
        self._path = f"/proc/{self._first}/ns/net"
        self.run("ip", "link", "set", "lo", "up")
        return self

    def command(self, *argv):
        return ["nsenter", "--target", self._first, "--mount", "--net", "--pid", *argv]

    def shell(self, text, fails=False):
        """Runs a script, as root in the checkout, to its end; what it printed."""
        script = f"cd {ROOT}\n{text}"
        done = subprocess.run(
            self.command("sh", "-e", "-c", script), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=120 * PATIENCE,
            env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
        )  # fmt: skip
        assert (done.returncode != 0) == fails, f"{text}\nexit status {done.returncode}:\n{done.stdout}"
        return done.stdout

    def read(self, path):
        return self.shell(f"cat {path}")

    def wait(self, command, pattern, timeout=20.0):
        """Until what the command prints has a match of the pattern."""
        return wait_until(lambda: re.search(pattern, self.shell(f"{command} || true")), f"{pattern!r} in {command}", timeout)


def shell_scripts(page):
    """The shell scripts of a page of the documentation, by the headings that they stand below."""
    scripts, heading, script = {}, "", None
    for line in (ROOT / page).read_text().splitlines(keepends=True):
        if script is None and line.startswith("#"):
            heading = line.strip("# \n")
        elif script is None and line == "```sh\n":
            script = ""
        elif script is not None and line == "```\n":
            scripts.setdefault(heading, []).append(script)
            script = None
        elif script is not None:
            script += line
    return scripts
