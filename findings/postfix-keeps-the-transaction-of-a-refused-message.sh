#!/usr/bin/env bash
# Postfix 3.7.11 (Debian 12): after a refusal in reply to the final dot (smtpd_end_of_data_restrictions, and so policy services
# at the end of the data) the mail transaction stays open.
#
# Expected: RFC 5321 4.1.1.4 has the buffers cleared when the end of the data has been processed, whatever came of it, so that the
# next command may be MAIL; that is what a client sees after a refusal by cleanup (a header check, a milter) or an accepted message.
# Seen: MAIL is answered "503 5.5.1 Error: nested MAIL command", a permanent code. RSET cures it. Whoever sends the mail of several
# clients over one connection (a proxy, a pool) would hand the next client a permanent refusal that is about somebody else.
#
# Postfix runs in a root of its own (an overlay over this system, in mount and network namespaces), out of the package, not installed.
# Needs: root, apt-get, dpkg, unshare, python3. Exits 1 when the behaviour has changed.
set -euo pipefail
version=3.7.11-0+deb12u1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
apt-get download -q "postfix=$version" >/dev/null 2>&1
dpkg -x postfix_*.deb package
cat >inside.sh <<'INSIDE'
set -euo pipefail
ip link set lo up
mkdir over
mount -t tmpfs none over
mkdir over/upper over/work over/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$PWD/over/upper,workdir=$PWD/over/work" over/root
cp -a package/usr/. over/root/usr/
for path in dev proc; do mount --rbind "/$path" "over/root/$path"; done
cat >over/root/inside-root.sh <<'ROOT'
set -euo pipefail
id postfix >/dev/null 2>&1 || useradd --system --no-create-home postfix
getent group postdrop >/dev/null || groupadd --system postdrop
mkdir -p /etc/p /var/q /var/d
chown postfix /var/d
cat >/etc/p/main.cf <<CF
compatibility_level = 3.6
queue_directory = /var/q
data_directory = /var/d
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
maillog_file = /var/log/p.log
maillog_file_prefixes = /var
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mta.example.test
mydestination = example.test
local_recipient_maps =
alias_maps =
smtpd_relay_restrictions = permit_mynetworks reject
smtpd_end_of_data_restrictions = check_sender_access inline:{{refused@example.org=550 5.7.1 no}}
CF
cat >/etc/p/master.cf <<CF
2525      inet  n - n - - smtpd
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
local     unix  - n n - - discard
anvil     unix  - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
CF
postfix -c /etc/p start >/dev/null 2>&1
python3 /client.py
status=$?
postfix -c /etc/p stop >/dev/null 2>&1 || true
exit $status
ROOT
cp client.py over/root/client.py
chroot over/root bash /inside-root.sh
INSIDE
cat >client.py <<'PY'
import smtplib, sys, time

for _ in range(100):
    try:
        client = smtplib.SMTP("127.0.0.1", 2525, local_hostname="client.example.org", timeout=30)
        break
    except OSError:
        time.sleep(0.1)


def say(lines):
    client.send(lines + "\r\n")
    code, text = client.getreply()
    print(f"{lines.splitlines()[0]}: {code} {text.decode().splitlines()[0]}")
    return code


client.ehlo()
assert say("MAIL FROM:<refused@example.org>") == 250
assert say("RCPT TO:<somebody@example.test>") == 250
assert say("DATA") == 354
assert say("(the message)\r\n.") == 550
nested = say("MAIL FROM:<another@example.org>")
cured = say("RSET"), say("MAIL FROM:<another@example.org>")
sys.exit(0 if nested == 503 and cured == (250, 250) else 1)
PY
unshare --mount --net --pid --fork bash inside.sh
echo "as described"
