#!/bin/sh
# OpenSMTPD's smtpd, which is given the mail by OpenSMTPD's smtp(1) and says in its log what came of it.
set -eu
. "$(dirname "$0")/unpacked.sh"
if [ -n "$TLS" ]; then by=smtp+tls verified="tls no-verify"; else by=smtp verified=; fi  # smtp: if it is offered
mkdir -p etc
cat >etc/smtpd.conf <<CONFIGURATION
listen on 127.0.0.1 port $SPARE_PORT
action "out" relay host "$by://127.0.0.1:$PORT" helo opensmtpd.example.org $verified
match from any for any action "out"
CONFIGURATION
unpacked "$UNPACKED/opensmtpd/usr/sbin/smtpd" -d >log 2>&1 &
smtpd=$!
trap 'kill $smtpd || true; wait; cat log' EXIT
smtp="$UNPACKED/opensmtpd/usr/bin/smtp"
until "$smtp" -s "smtp+notls://127.0.0.1:$SPARE_PORT" -F "$FROM" $TO <"$1"; do sleep 0.2; done
until [ "$(grep -c "mta delivery .*result=" log)" = "$(echo $TO | wc -w)" ]; do sleep 0.5; kill -0 $smtpd; done
[ "$(grep -c "mta delivery .*result=\"Ok\"" log)" = "$(echo $TO | wc -w)" ]
