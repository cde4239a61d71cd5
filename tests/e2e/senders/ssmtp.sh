#!/bin/sh
# ssmtp, one mail.
set -eu
cat >ssmtp.conf <<CONFIGURATION
mailhub=127.0.0.1:$PORT
hostname=ssmtp.example.org
FromLineOverride=YES
${TLS:+UseSTARTTLS=YES}
CONFIGURATION
exec "$UNPACKED/ssmtp/usr/sbin/ssmtp" -C ssmtp.conf -f "$FROM" $TO <"$1"
