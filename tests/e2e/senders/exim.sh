#!/bin/sh
# Exim, which delivers in the foreground and says in its log what came of it.
set -eu
. "$(dirname "$0")/unpacked.sh"
exim=$UNPACKED/exim4-daemon-light/usr/sbin/exim4
if [ -n "$TLS" ]; then tls=hosts_require_tls; else tls=hosts_avoid_tls; fi
mkdir -p spool log
cat >exim.conf <<CONFIGURATION
exim_path = $exim
spool_directory = $PWD/spool
log_file_path = $PWD/log/%slog
primary_hostname = exim.example.org
local_from_check = false
begin routers
all:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = out
begin transports
out:
  driver = smtp
  port = $PORT
  allow_localhost
  $tls = *
begin retry
* * F,2h,1m
CONFIGURATION
chown 401:401 spool log
(unpacked "$exim" -C "$PWD/exim.conf" -odf -i -f "$FROM" $TO <"$1")
cat log/mainlog
[ "$(grep -cE ' [=-]> ' log/mainlog)" = "$(echo $TO | wc -w)" ] && grep -q Completed log/mainlog
