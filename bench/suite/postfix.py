"""A Postfix of the bench's own: configuration, queue and log in one folder. Good mail is delivered to discard(8).

It knows one recipient, good@bench.test. What it costs includes delivery: settle() waits for that.
"""

import os
import pathlib
import shutil
import subprocess
import textwrap
import time

from suite.processes import BenchError
from suite.server import Missing, Server

# Debian's process limit is 100, and `default` keeps it. `private` is what `sluice check` asks for.
LISTENERS = {
    "default": "127.0.0.1:{port} inet n - n - - smtpd\n",
    "tuned": "127.0.0.1:{port} inet n - n - 200 smtpd\n",
    "filter": "127.0.0.1:{port} inet n - n - 200 smtpd\n  -o smtpd_proxy_filter=127.0.0.1:{backend}\n",
    "screened": "127.0.0.1:{port} inet n - n - 1 postscreen\nsmtpd pass - - n - 200 smtpd\n"
                "dnsblog unix - - n - 0 dnsblog\ntlsproxy unix - - n - 0 tlsproxy\n",
}
NAMES = {
    "default": "Postfix alone (default)",
    "tuned": "Postfix alone (tuned: anvil off)",
    "filter": "Postfix smtpd_proxy_filter",
    "private": "Postfix",
    "screened": "postscreen before Postfix (tuned)",
}

SERVICES = """\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""

TUNED = """
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
"""

# Everybody is known to it already, so that it hands over at once: the cheapest it can be. What holds sessions is its
# own SMTP engine, which those meet whom it does not know.
SCREENED = """
postscreen_access_list = cidr:{folder}/known
postscreen_greet_wait = 1s
postscreen_non_smtp_command_enable = yes
postscreen_non_smtp_command_action = enforce
postscreen_pre_queue_limit = 19000
postscreen_client_connection_count_limit = 0
postscreen_command_count_limit = 1000000
postscreen_command_time_limit = 3600s
"""


class Postfix(Server):
    program = packages = "postfix"
    DAEMONS = pathlib.Path("/usr/lib/postfix/sbin")

    def __init__(self, build, folder, *, listener="tuned", known="127.0.0.0/8"):
        self.name = NAMES[listener]
        super().__init__(build, folder)
        self.listener = listener
        self.known = known  # to postscreen
        self.remembers_clients = listener == "default"  # anvil(8)
        self.settings = ""  # more lines of main.cf
        if os.getuid() != 0:
            raise Missing(f"{self.name}: starts as root only")

    def _command(self):
        queue, data, config = (self.folder / name for name in ("queue", "data", "config"))
        for folder in (queue, data):
            folder.mkdir()
        # Its unprivileged processes reach their sockets through every folder above.
        for folder in (self.folder, *list(self.folder.parents)[:2]):
            folder.chmod(0o755)
        shutil.chown(data, "postfix")
        self.write("config/main.cf", f"""\
            compatibility_level = 3.6
            queue_directory = {queue}
            data_directory = {data}
            daemon_directory = {self.DAEMONS}
            maillog_file = {self.folder}/mail.log
            maillog_file_prefixes = {self.folder}
            inet_interfaces = 127.0.0.1
            inet_protocols = ipv4
            myhostname = mx.bench.test
            # Clients of the bench are strangers, as on the Internet.
            mynetworks = 192.0.2.1/32
            mydestination = bench.test
            local_recipient_maps = inline:{{{{good = good}}}}
            local_transport = discard:
            alias_maps =
            smtpd_relay_restrictions = reject_unauth_destination
            smtpd_peername_lookup = no
            """)
        if self.listener != "default":
            self._append("config/main.cf", TUNED)
        self._append("config/main.cf", self.settings)
        if self.listener == "screened":
            self.write("known", f"{self.known} permit\n")
            self._append("config/main.cf", SCREENED.format(folder=self.folder))
        backend = self.start_backend() if self.listener == "filter" else None
        if self.listener in LISTENERS:
            listener = LISTENERS[self.listener].format(port=self.port, backend=backend)
        else:
            listener = self._private_listener(config)
        self.write("config/master.cf", listener + SERVICES)
        checked = subprocess.run(["postfix", "-c", config, "check"], capture_output=True, text=True)
        if checked.returncode != 0:
            raise BenchError(f"postfix check: {checked.stderr.strip()}")
        return ["postfix", "-c", config, "start-fg"]

    def _private_listener(self, config):
        """As `sluice check` prints it for this configuration."""
        self.write("config/master.cf", SERVICES)
        command = [self.build / "sluice", "check", "--relay", f"127.0.0.1:{self.port}", "--print-master-cf"]
        command += ["--postfix-config", config]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def _append(self, name, text):
        with open(self.folder / name, "a") as file:
            file.write(text)

    def settle(self, seconds=60):
        """Returns when everything it took is delivered."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not any(any(os.scandir(self.folder / "queue" / name)) for name in ("maildrop", "incoming", "active")):
                break
            time.sleep(0.1)
        time.sleep(0.2)  # the last log line

    def counts(self):
        """What it delivered."""
        log = self.folder / "mail.log"
        with open(log, "rb") as lines:
            return {"mails": sum(b"status=sent" in line for line in lines)}
