"""Sluice and its rivals, but for Postfix (postfix.py).

What is not installed raises Missing, and the bench goes on without it. Each runs as its package would run it but for
addresses and limits; none logs a line per session, but for Sluice, whose own log is a part of its work.
"""

import os
import pathlib
import pwd
import subprocess
import textwrap

from suite.postfix import Postfix
from suite.processes import Process, cpu_ns, free_ports, tree
from suite.server import Missing, Server

DESCRIPTORS_MAX = 19_000


# What costs time that is not the main job's, or turns clients away that a bench wants to be held.
_BESIDE_THE_MAIN_JOB = {
    "store": '"off"',
    "policy.resolve_names": "false",
    "policy.signals.no_ptr": 0,
    "policy.signals.ptr_unconfirmed": 0,
    "policy.signals.dynamic_name": 0,
    "policy.signals.helo_unresolvable": 0,
    "policy.overload.sessions_percent": 0,
    "policy.overload.memory_percent": 0,
}


def _main_job_alone(settings):
    """All of that off, but what the settings of a bench speak of."""
    return "".join(f"{key} = {value}\n" for key, value in _BESIDE_THE_MAIN_JOB.items() if f"{key} =" not in settings)


class Sluice(Server):
    name = "Sluice"
    binary = "sluice"

    def __init__(self, build, folder, settings="", workers=1, whole=False):
        """`whole`: as it comes, with all that is beside the main job."""
        super().__init__(build, folder)
        self.settings = textwrap.dedent(settings) if whole else _main_job_alone(settings) + textwrap.dedent(settings)
        self.workers = workers
        if not (self.build / self.binary).exists():
            raise Missing(f"{self.name}: no {self.build / self.binary}: build it first")

    def _command(self):
        config = self.write("sluice.toml", f"""\
            listen = ["127.0.0.1:{self.port}"]
            workers = {self.workers}
            state_dir = "{self.folder / 'state'}"
            relay.mta = ["127.0.0.1:{self.start_backend()}"]
            log.destination = "{self.folder / 'sluice.log'}"
            """ + self.settings)
        return [self.build / self.binary, "run", "--config", config]


class SluiceUnfiltered(Sluice):
    """Built for the bench: any system call may be made."""

    name = "Sluice without seccomp"
    binary = "sluice-unfiltered"


class SluiceUnguarded(Sluice):
    """Built for the bench: nor is any file or port out of reach."""

    name = "Sluice without seccomp and Landlock"
    binary = "sluice-unguarded"


class SluiceOnDisk(Sluice):
    """What it costs when the memory that large messages share is used up."""

    name = "Sluice, large mails in files"

    def __init__(self, build, folder, settings="", **options):
        super().__init__(build, folder, settings + "spool.shared_octets_max = 0\n", **options)


class SluiceBeforePostfix(Sluice):
    """Its MTA is a real Postfix, on the listener that `sluice check` asks for; both are counted."""

    name = "Sluice before Postfix"

    def start_backend(self):
        self.backend = Postfix(self.build, self.folder / "backend", listener="private")
        self.backend.start()
        return self.backend.port

    def cpu_ns(self):
        return super().cpu_ns() + self.backend.cpu_ns()

    def settle(self):
        self.backend.settle()


class SmtpSink(Server):
    """Postfix's own sink for tests: like the floor, it is the end of the way."""

    name = "smtp-sink (no proxy)"
    program, packages = "smtp-sink", "postfix"

    def _command(self):
        unprivileged = ["-u", "nobody"] if os.getuid() == 0 else []
        return ["smtp-sink", *unprivileged, f"127.0.0.1:{self.port}", "1000"]


class Nginx(Server):
    """Its mail proxy, one worker. The answers of auth_http come from a second nginx, whose CPU is counted apart."""

    name = "nginx mail (XCLIENT)"
    program, packages = "nginx", "nginx-core libnginx-mod-mail"
    MODULE = pathlib.Path("/usr/lib/nginx/modules/ngx_mail_module.so")

    def __init__(self, build, folder):
        super().__init__(build, folder)
        if not self.MODULE.exists():
            raise self.missing()
        self._auth = None

    def start(self):
        auth_port, = free_ports(1)
        backend_port = self.start_backend()
        self._auth = Process(self._argv("auth", f"""\
            http {{
              access_log off;
              server {{
                listen 127.0.0.1:{auth_port} backlog=4096;
                location / {{
                  add_header Auth-Status OK;
                  add_header Auth-Server 127.0.0.1;
                  add_header Auth-Port {backend_port};
                  return 200;
                }}
              }}
            }}
            """), self.folder / "auth.log")
        self._mail = f"""\
            mail {{
              server_name mx.bench.test;
              auth_http 127.0.0.1:{auth_port}/;
              proxy_pass_error_message on;
              xclient on;
              smtp_capabilities PIPELINING "SIZE 52428800" 8BITMIME;
              server {{
                listen 127.0.0.1:{self.port} backlog=4096;
                protocol smtp;
                smtp_auth none;
              }}
            }}
            """
        super().start()

    def _command(self):
        return self._argv("mail", self._mail)

    def _argv(self, name, block):
        user = pwd.getpwuid(os.getuid()).pw_name
        # Its folders for request bodies are asked for even where nothing is ever put there.
        bodies = "" if name == "mail" else "".join(
            f"{kind}_temp_path {self.folder / kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        block = textwrap.dedent(block).replace("http {\n", "http {\n" + bodies)
        config = self.write(f"{name}.conf", f"""\
            load_module {self.MODULE};
            user {user};
            daemon off;
            worker_processes 1;
            worker_rlimit_nofile 20000;
            pid {self.folder / name}.pid;
            error_log {self.folder / name}.err;
            events {{ worker_connections {DESCRIPTORS_MAX}; }}
            """)
        config.write_text(config.read_text() + block)
        return ["nginx", "-e", "stderr", "-c", config]

    def cpu_apart_ns(self):
        return cpu_ns(tree(self._auth.pid))

    def stop(self):
        super().stop()
        if self._auth:
            self._auth.stop()


class Haproxy(Server):
    """Pumps octets and understands none: the price of being in between."""

    name = "HAProxy TCP"
    program = packages = "haproxy"

    def _command(self):
        config = self.write("haproxy.cfg", f"""\
            global
              nbthread 1
              maxconn 9000
            defaults
              mode tcp
              timeout connect 10s
              timeout client 300s
              timeout server 300s
            listen smtp
              bind 127.0.0.1:{self.port} backlog 4096
              server mta 127.0.0.1:{self.start_backend()}
            """)
        return ["haproxy", "-db", "-f", config]


class Haraka(Server):
    """Its queue/smtp_proxy, one process. Fetched from npm into the build folder."""

    name = "Haraka smtp_proxy"
    program = packages = "npm"
    PACKAGE = "Haraka@~3.1"  # 3.2 wants a newer Node than Debian 12 has

    def __init__(self, build, folder):
        super().__init__(build, folder)
        self.home = self.build.parent / "bench" / "haraka"
        if not (self.home / "node_modules" / "Haraka").exists():
            self._fetch()

    def _fetch(self):
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "package.json").write_text("{}\n")
        fetched = subprocess.run(["npm", "install", "--omit=optional", "--before=2026-06-01", "--no-audit",
                                  "--no-fund", self.PACKAGE], cwd=self.home, capture_output=True, text=True)
        if fetched.returncode != 0:
            raise Missing(f"{self.name}: npm install Haraka fails: {fetched.stderr.strip().splitlines()[-1:]}")

    def _command(self):
        haraka = self.home / "node_modules" / "Haraka" / "bin" / "haraka"
        # Without the files of its own set-up it does not start.
        subprocess.run(["node", haraka, "-i", self.folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.write("config/smtp.ini", f"listen=127.0.0.1:{self.port}\nnodes=0\n")
        self.write("config/smtp_proxy.ini", f"host=127.0.0.1\nport={self.start_backend()}\n")
        self.write("config/plugins", "rcpt_to.in_host_list\nqueue/smtp_proxy\n")
        self.write("config/host_list", "bench.test\n")
        self.write("config/log.ini", "level=error\n")
        self.write("config/me", "mx.bench.test\n")
        return ["node", haraka, "-c", self.folder]
