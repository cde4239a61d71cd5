#!/bin/sh
# ssmtp, one mail.
set -eu
printf 'mailhub=127.0.0.1:%s\nhostname=ssmtp.example.org\nFromLineOverride=YES\n%s\n' "$PORT" "${TLS:+UseSTARTTLS=YES}" >ssmtp.conf
exec "$UNPACKED/ssmtp/usr/sbin/ssmtp" -C ssmtp.conf -f "$FROM" $TO <"$1"
