#!/usr/bin/env bash
# HAProxy 2.6.12 (Debian 12): with send-proxy-v2 it announces a real client that came over a Unix-domain socket by the
# command LOCAL, the same that its health checks have.
#
# Expected: LOCAL means "the proxy speaks for itself" (PROXY protocol specification 2.2: health checks, keepalives), so that a
# server may answer such a connection without a client behind it; a client whose address has no place in the header would be
# PROXY with the family UNSPEC or UNIX.
# Seen: the client's octets follow a LOCAL header. A mail server that refuses mail on LOCAL connections for good (5yz), as one that
# serves checks alone, would bounce the mail of everybody behind such a frontend; it has to put it off.
#
# Needs: apt-get, dpkg, python3; the libraries that Debian's haproxy depends on come along. Exits 1 when the behaviour has changed.
set -euo pipefail
version=2.6.12-1+deb12u4
folder=$(mktemp -d)
trap 'kill "${haproxy:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
apt-get download -q "haproxy=$version" liblua5.3-0 libopentracing-c-wrapper0 libopentracing1 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >haproxy.cfg <<CFG
defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s
listen tested
  bind unix@$folder/clients.sock
  server backend 127.0.0.1:$port send-proxy-v2
CFG
root/usr/sbin/haproxy -db -f haproxy.cfg &
haproxy=$!
python3 - "$port" "$folder/clients.sock" <<'PY'
import socket, sys, time

port, path = int(sys.argv[1]), sys.argv[2]
server = socket.create_server(("127.0.0.1", port))
server.settimeout(10)
for _ in range(100):
    try:
        client = socket.socket(socket.AF_UNIX)
        client.connect(path)
        break
    except OSError:
        time.sleep(0.1)
client.sendall(b"EHLO a.real.client.example\r\n")
connection, _ = server.accept()
connection.settimeout(10)
got = b""
while b"\r\n" not in got[16:]:
    got += connection.recv(4096)
command, family = got[12] & 0xF, got[13]
rest = got[16 + int.from_bytes(got[14:16], "big"):]
print(f"command {'LOCAL' if command == 0 else 'PROXY'}, family {family:#04x}, then {rest!r}")
sys.exit(0 if command == 0 and rest.startswith(b"EHLO") else 1)
PY
echo "as described"
