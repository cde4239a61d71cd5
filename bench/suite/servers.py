"""What stands under the load: Sluice, its rivals, and the floor.

Each is a Server: started with a folder of its own, on a port of its own, before a backend of its own (a floor that
counts what it was given), and ended by its process id. What is not installed raises Missing, and the bench goes on
without it. Each runs as its package would run it but for addresses and limits; none logs a line per session, but for
Sluice, whose own log is a part of its work.
"""

import json
import os
import pathlib
import pwd
import shutil
import subprocess
import textwrap

from suite.processes import BenchError, Process, cpu_ns, free_ports, tree

DESCRIPTORS_MAX = 19_000


class Missing(Exception):
    """A rival that is not on this machine; says what would bring it."""


class Server:
    name = ""

    def __init__(self, build, folder):
        self.build = pathlib.Path(build)
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.port, = free_ports(1)
        self.backend = None  # a Floor; None where the server is the end of the way
        self._process = None

    def start(self):
        self._process = Process(self._command(), self.folder / "out.log", cwd=self.folder)
        self._process.wait_for_port(self.port)

    def _command(self):
        raise NotImplementedError

    def pids(self):
        """Every process of the server: what the bench counts."""
        return tree(self._process.pid)

    def cpu_ns(self):
        return cpu_ns(self.pids())

    def cpu_apart_ns(self):
        """CPU time of what the server needs beside it, shown as a note."""
        return 0

    def stop(self):
        if self._process:
            self._process.stop()
        if self.backend:
            self.backend.stop()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def start_backend(self):
        self.backend = Floor(self.build, self.folder / "backend")
        self.backend.start()
        return self.backend.port


class Floor(Server):
    name = "floor (no proxy)"

    def _command(self):
        return [self.build / "sluice-floor", "--listen", f"127.0.0.1:{self.port}"]

    def counts(self):
        """What it took; after stop()."""
        return json.loads((self.folder / "out.log").read_text().strip().splitlines()[-1])


class Sluice(Server):
    name = "Sluice"

    def __init__(self, build, folder, settings=""):
        super().__init__(build, folder)
        self.settings = settings
        if not (self.build / "sluice").exists():
            raise Missing(f"{self.name}: no {self.build / 'sluice'}: build it first")

    def _command(self):
        config = self.write("sluice.toml", f"""\
            listen = ["127.0.0.1:{self.port}"]
            workers = 1
            state_dir = "{self.folder / 'state'}"
            relay.mta = ["127.0.0.1:{self.start_backend()}"]
            log.destination = "{self.folder / 'sluice.log'}"
            """ + textwrap.dedent(self.settings))
        return [self.build / "sluice", "run", "--config", config]

    def worker(self):
        """The process that holds the sessions: of the descendants the one with the most descriptors."""
        return max(self.pids()[1:] or self.pids(), key=lambda pid: len(os.listdir(f"/proc/{pid}/fd")))


class Nginx(Server):
    """Its mail proxy, one worker. The answers of auth_http come from a second nginx, whose CPU is counted apart."""

    name = "nginx mail (XCLIENT)"
    MODULE = pathlib.Path("/usr/lib/nginx/modules/ngx_mail_module.so")

    def __init__(self, build, folder):
        super().__init__(build, folder)
        if not shutil.which("nginx") or not self.MODULE.exists():
            raise Missing(f"{self.name}: apt-get install nginx-core libnginx-mod-mail")
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

    def __init__(self, build, folder):
        super().__init__(build, folder)
        if not shutil.which("haproxy"):
            raise Missing(f"{self.name}: apt-get install haproxy")

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


class Postfix(Server):
    """An instance of its own. Good mail is delivered to discard(8)."""

    name = "Postfix"
    DAEMONS = pathlib.Path("/usr/lib/postfix/sbin")

    def __init__(self, build, folder, *, tuned=True, proxy_filter=False):
        super().__init__(build, folder)
        self.tuned = tuned
        self.proxy_filter = proxy_filter
        how = "tuned: anvil off" if tuned else "default"
        self.name = "Postfix smtpd_proxy_filter" if proxy_filter else f"Postfix alone ({how})"
        if not shutil.which("postfix"):
            raise Missing(f"{self.name}: apt-get install postfix")
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
        if self.tuned:
            self._append("config/main.cf", """\
                smtpd_client_connection_count_limit = 0
                smtpd_client_connection_rate_limit = 0
                """)
        smtpd = f"127.0.0.1:{self.port} inet n - n - 200 smtpd\n"
        if self.proxy_filter:
            smtpd += f"  -o smtpd_proxy_filter=127.0.0.1:{self.start_backend()}\n"
        self.write("config/master.cf", smtpd + textwrap.dedent("""\
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
            postlog unix-dgram n - n - 1 postlogd
            """))
        checked = subprocess.run(["postfix", "-c", config, "check"], capture_output=True, text=True)
        if checked.returncode != 0:
            raise BenchError(f"postfix check: {checked.stderr.strip()}")
        return ["postfix", "-c", config, "start-fg"]

    def _append(self, name, text):
        with open(self.folder / name, "a") as file:
            file.write(textwrap.dedent(text))


class Haraka(Server):
    """Its queue/smtp_proxy, one process. Fetched from npm into the build folder."""

    name = "Haraka smtp_proxy"
    PACKAGE = "Haraka@~3.1"  # 3.2 wants a newer Node than Debian 12 has

    def __init__(self, build, folder):
        super().__init__(build, folder)
        if not shutil.which("npm"):
            raise Missing(f"{self.name}: apt-get install npm")
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
