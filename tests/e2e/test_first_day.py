"""A postmaster's first day, by the documentation alone: the commands that are printed there are taken out of the
pages and run, on a machine with a Debian Postfix (harness/machine.py).
"""

import pathlib
import re
import subprocess
import tomllib

import pytest

from harness.certificates import make_certificate
from harness.client import Client
from harness.machine import ROOT, Machine, possible, shell_scripts
from harness.mail import message, new_token
from harness.sluice import BINARY
from harness.waiting import wait_until

pytestmark = pytest.mark.skipif(not possible(), reason="needs mount namespaces and overlays")

README = shell_scripts("README.md")["In front of Postfix"]
UNDO = shell_scripts("docs/guide/undo.md")
INSTALL = shell_scripts("docs/guide/install.md")
DAY = shell_scripts("docs/guide/first-day.md")
# As the pages have them: the machine's own address, a stranger, and a machine of the operator's.
OURS, STRANGER, PRINTER = "203.0.113.10", "192.0.2.7", "198.51.100.9"
HELD = "192.0.2.66"
LIVE = "/etc/letsencrypt/live/mx.example.org"
LOG = "/var/log/sluice/sluice.log"

# A name server that knows the stranger, as an honest one is known, and nobody else.
UNBOUND = """server:
    interface: 127.0.0.1
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    module-config: iterator
    local-zone: . static
    local-data: "client.example.com. A 192.0.2.7"
    local-data-ptr: "192.0.2.7 client.example.com"
"""

# A mail server as it may be before Sluice comes.
BEFORE = f"""
printf '%s' '{UNBOUND}' > /etc/unbound.conf
unbound -c /etc/unbound.conf
echo nameserver 127.0.0.1 > /etc/resolv.conf
postconf -e 'myhostname = mx.example.org' 'mydestination = example.org' maillog_file=/var/log/mail.log 'alias_maps ='
postconf -e 'mynetworks = 127.0.0.0/8 [::1]/128 198.51.100.0/24' 'mailbox_command =' 'inet_protocols = all'
useradd alice
mkdir -p {LIVE}
postfix start
for address in {OURS} {STRANGER} {PRINTER} {HELD}; do ip address add $address/32 dev lo; done
"""


def put_certificate(machine, tmp_path, name):
    """As certbot would: a chain and a key, which only root can read."""
    made = make_certificate(tmp_path, name, "DNS:mx.example.org")
    machine.shell(f"cp {made.certificate} {LIVE}/fullchain.pem\ncp {tmp_path}/{name}.key {LIVE}/privkey.pem\nchmod 600 {LIVE}/*")
    return made


@pytest.fixture
def machine(tmp_path):
    with Machine() as machine:
        machine.shell(BEFORE)
        put_certificate(machine, tmp_path, "first")
        yield machine


@pytest.fixture
def protected(machine):
    """With Sluice before Postfix, as README does it."""
    for script in README:
        machine.shell(script)
    return machine


def send(machine, source=PRINTER, recipient="alice@example.org"):
    """One mail to port 25; the code of the last reply, and the token in it."""
    token = new_token()
    with machine.entered(), Client(25, source=source, address=OURS) as client:
        banner = client.read_reply().text
        assert "mx.example.org" in banner
        client.expect(250, "EHLO client.example.com")
        client.expect(250, "MAIL FROM:<sender@example.com>")
        reply = client.command(f"RCPT TO:<{recipient}>")
        if reply.code == 250:
            reply = client.content(message(token))
        client.quit()
    return reply, token


def arrives(machine, token):
    machine.wait("cat /var/mail/alice", token)


def listens(machine, pattern):
    return re.search(pattern, machine.shell("ss -Hltnp"))


# ---- README --------------------------------------------------------------------------------------------------


def test_the_readme_sets_it_up(machine):
    """Each block does what the text around it says, on a machine where nothing was changed for it."""
    install, listener, take_over = README
    reply, token = send(machine)
    assert reply.code == 250, "control: Postfix alone"
    arrives(machine, token)
    machine.shell(install)
    machine.shell(listener)
    assert listens(machine, r"(?m)127\.0\.0\.1:10025 .*\"master\"")
    reply, token = send(machine)
    assert reply.code == 250 and listens(machine, r":25 .*\"master\""), "port 25 is Postfix's still"
    arrives(machine, token)
    machine.shell(take_over)
    assert not listens(machine, r":25 .*\"master\"") and listens(machine, r":25 .*\"sluice\"")
    reply, token = send(machine)
    assert reply.code == 250
    arrives(machine, token)
    log = machine.read("/var/log/mail.log")
    assert re.search(rf"postfix/sluice/smtpd\[\d+\]: .*client=\S+\[{PRINTER}\]", log), "Postfix knows who it was"
    assert send(machine, source=STRANGER, recipient="somebody@elsewhere.example")[0].code in (450, 454)
    assert send(machine, recipient="somebody@elsewhere.example")[0].code == 250, "mynetworks may relay"
    # What was half a Sluice without a word: memory, metrics, users, STARTTLS, its name.
    assert "sluice_sessions_total" in machine.shell("sluice metrics")
    assert "sluice-store" in machine.shell("ps -eo comm")
    assert set(machine.shell("ps -eo user:20,comm | awk '$2 ~ /^sluice-/ { print $1 }'").split()) == {"sluice"}
    with machine.entered(), Client(25, source=STRANGER, address=OURS) as client:
        assert "STARTTLS" in client.greet("client.example.com")


def test_its_commands_may_be_run_twice(protected):
    """The whole of them, by one who is not sure to have done it; Sluice serves on."""
    master_cf, main_cf = protected.read("/etc/postfix/master.cf"), protected.read("/etc/postfix/main.cf")
    for script in (README[1], README[2].splitlines()[0]):
        protected.shell(script)
    assert protected.read("/etc/postfix/master.cf") == master_cf
    assert protected.read("/etc/postfix/main.cf") == main_cf
    assert send(protected)[0].code == 250


def test_the_packaged_configuration_is_the_readmes():
    text = re.search(r"(?s)<<'END'\n(.*?)END\n", README[0]).group(1)
    assert tomllib.loads(text) == tomllib.loads((ROOT / "packaging/sluice.toml").read_text())


# ---- docs/guide/undo.md --------------------------------------------------------------------------------------


def test_undo_takes_it_out_again(machine):
    """Postfix is as it was, octet for octet, and answers on port 25; then nothing of Sluice is left."""
    before = machine.read("/etc/postfix/master.cf"), machine.read("/etc/postfix/main.cf")
    users = machine.shell("getent passwd")
    for script in README:
        machine.shell(script)
    assert re.search(r"\"sluice", machine.shell(UNDO["Give port 25 back to Postfix"][1])), "control"
    back, look = UNDO["Give port 25 back to Postfix"]
    machine.shell(back)
    assert (machine.read("/etc/postfix/master.cf"), machine.read("/etc/postfix/main.cf")) == before
    assert "sluice" not in machine.shell("ps -eo comm")
    machine.wait(look.strip(), r"\"master\"")
    reply, token = send(machine, source=STRANGER)
    assert reply.code == 250
    arrives(machine, token)
    # By the line that was printed for this Postfix it comes to the same.
    printed = re.findall(r"(?m)^#   (.*)$", machine.read("/etc/sluice/postfix.sh"))[-1]
    assert set(re.split(r" && ", printed.replace("'", ""))) == set(back.splitlines()[1:])
    machine.shell(back.replace("systemctl disable --now sluice\n", ""))  # who does it twice, breaks nothing
    # And back again, as the page says.
    for script in README[1:]:
        machine.shell(script)
    assert send(machine)[0].code == 250 and listens(machine, r":25 .*\"sluice\"")
    machine.shell(back)
    for script in INSTALL["Man pages"] + INSTALL["Log rotation"] + INSTALL["certbot"] + INSTALL["Metrics"]:
        machine.shell(script)
    for script in UNDO["For good"]:
        machine.shell(script)
    assert machine.shell("find /etc /usr/sbin /usr/share/man /var/lib /var/log -iname '*sluice*' -not -path '*/dpkg/*'") == ""
    assert machine.shell("getent passwd") == users


def test_undo_first_lets_everybody_through(protected):
    protected.shell(f"sluice block {STRANGER}")
    assert send(protected, source=STRANGER)[0].code >= 500, "control"
    for script in UNDO["Let everybody through first"]:
        protected.shell(script)
    wait_until(lambda: send(protected, source=STRANGER)[0].code == 250, "the stranger to be let through")
    protected.wait(f"cat {LOG}", '"would_be":"reject"')
    # Done twice, or where there is a section, it changes nothing, and nothing is left behind.
    for section in ("", "printf '\\n[policy]\\nmode = \"enforce\"\\n' >> /etc/sluice/sluice.toml"):
        if section:
            protected.shell("sed -i 1d /etc/sluice/sluice.toml; " + section)
        text = protected.read("/etc/sluice/sluice.toml")
        before = protected.shell("pgrep -x sluice")
        protected.shell(UNDO["Let everybody through first"][0])
        assert protected.read("/etc/sluice/sluice.toml") == text
        assert protected.shell("pgrep -x sluice") == before, "and no reload"
        assert "observe.toml" not in protected.shell("ls /etc/sluice")


# ---- docs/guide/install.md -----------------------------------------------------------------------------------


def test_the_list_of_libraries_is_what_the_binary_is_linked_to():
    """The list is one of packages, without libc and libgcc, which every Debian has."""
    needed = subprocess.run(["objdump", "-p", BINARY], capture_output=True, text=True, check=True).stdout
    ldd = subprocess.run(["ldd", BINARY], capture_output=True, text=True, check=True).stdout
    paths = dict(re.findall(r"(\S+) => (\S+)", ldd))
    packages = set()
    for name in re.findall(r"NEEDED +(\S+)", needed):
        file = pathlib.Path(paths.get(name, f"/lib64/{name}")).resolve().name
        owners = subprocess.run(["dpkg", "-S", f"*-linux-gnu/{file}"], capture_output=True, text=True).stdout
        packages |= set(re.findall(rf"(?m)^([^:]+)(?::\w+)?: \S+/{re.escape(file)}$", owners))
    (listed,) = re.findall(r"(?m)^run +(.*)$", (ROOT / "packaging/debian-packages").read_text())
    assert packages - {"libc6", "libgcc-s1"} == set(listed.split()) - {"dns-root-data"}


def test_logs_are_rotated_without_a_loss(protected):
    for script in INSTALL["Log rotation"]:
        protected.shell(script)
    send(protected, source=STRANGER)
    protected.wait(f"cat {LOG}", STRANGER)
    protected.shell("logrotate --force /etc/logrotate.d/sluice")
    reply, token = send(protected)
    assert reply.code == 250
    protected.wait(f"cat {LOG}", PRINTER)
    assert STRANGER in protected.read(LOG + ".1")
    protected.shell("logrotate --force /etc/logrotate.d/sluice")
    assert STRANGER in protected.shell(f"zcat {LOG}.2.gz")


def shown_certificate(machine):
    return machine.shell(DAY["7. Renew a certificate"][0] + "openssl s_client -connect 127.0.0.1:25 -starttls smtp < /dev/null 2>/dev/null"
                         " | openssl x509 -noout -fingerprint -sha256")  # fmt: skip


def test_certbot_renews(protected, tmp_path):
    for script in INSTALL["certbot"]:
        protected.shell(script)
    hook = "/etc/letsencrypt/renewal-hooks/deploy/sluice"
    second = put_certificate(protected, tmp_path, "second")
    wait_until(lambda: second.fingerprint() in shown_certificate(protected), "the renewed certificate")
    protected.shell(hook)
    assert "subject=CN = second" in shown_certificate(protected)
    protected.shell(f"echo broken > {LIVE}/fullchain.pem")
    assert "fullchain.pem" in protected.shell(hook, fails=True), "certbot hears of it"
    assert second.fingerprint() in shown_certificate(protected)
    protected.shell("systemctl stop sluice")
    protected.shell(hook)  # no concern of a Sluice that does not run


@pytest.mark.parametrize("systemd, status", [(None, 7), ("exit 0", 7), ("exit 3", 0)])
def test_the_hook_asks_systemd_where_there_is_one(systemd, status, tmp_path):
    """Without systemd, as in a container, certbot hears all the same of a certificate that cannot be used."""
    for name, script in {"sluice": "exit 7", "systemctl": systemd}.items():
        if script:
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)
    assert subprocess.run([ROOT / "packaging/certbot-deploy-hook"], env={"PATH": str(tmp_path)}, check=False).returncode == status


def test_metrics_and_man_pages(protected):
    for script in INSTALL["Metrics"] + INSTALL["Man pages"]:
        protected.shell(script)
    protected.shell("systemctl start sluice-metrics.service")  # as the timer does
    assert "sluice_workers" in protected.read("/var/lib/prometheus/node-exporter/sluice.prom")
    assert protected.shell("ls -l /var/lib/prometheus/node-exporter").count("-rw-r--r--") == 1
    assert "SLUICE(8)" in protected.shell("man sluice") and "SLUICE.TOML(5)" in protected.shell("man sluice.toml")


# ---- docs/guide/first-day.md ---------------------------------------------------------------------------------


def test_the_ten_tasks_of_the_day(protected):
    """Each command is run as it stands, and does what the page says."""
    assert len(DAY) == 10
    reply, token = send(protected, source=STRANGER)
    assert reply.code == 250
    arrives(protected, token)
    protected.wait(f"cat {LOG}", '"event":"session"')

    def task(number):
        (scripts,) = (scripts for heading, scripts in DAY.items() if heading.startswith(f"{number}. "))
        return [protected.shell(script) for script in scripts]

    sessions, log = task(1)
    assert "LANE" in sessions and '"client":"192.0.2.7"' in log
    assert "192.0.2.7/32  fast  30d" in task(2)[0]
    blocked, taken_back = task(3)
    assert "backscatter" in blocked and "192.0.2.128/25" in taken_back
    explained, told = task(4)
    assert "lane       fast" in explained and "192.0.2.7" in told and "alice@example.org" in told
    mail, greylist = task(5)
    assert "192.0.2.7" in mail and "queued as" in mail and "SENDER DOMAIN" in greylist
    protected.shell(f"sluice block {HELD} --lane slow")
    with protected.entered(), Client(25, source=HELD, address=OURS):
        protected.wait("sluice sessions --lane slow", re.escape(HELD))
        assert HELD in task(6)[0] and STRANGER not in task(6)[0]
    assert "subject=CN = first" in task(7)[0]
    protected.shell("""sed -i '$a policy.mode = "observe"' /etc/sluice/sluice.toml""")
    assert "every key and value is valid" in task(8)[0]
    protected.shell("""sed -i '$a polizy.mode = "observe"' /etc/sluice/sluice.toml""")
    assert "polizy" in protected.shell("systemctl reload sluice", fails=True)
    assert send(protected)[0].code == 250, "nothing has changed"
    protected.shell("sed -i '$d' /etc/sluice/sluice.toml")
    before = protected.shell("pgrep -o -x sluice")
    task(9)
    protected.wait("pgrep -n -x sluice", rf"(?m)^(?!{before.strip()}$)\d+$")
    assert send(protected)[0].code == 250
    assert "sluice_workers" in task(10)[0]
