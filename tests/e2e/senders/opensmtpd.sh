#!/bin/sh
# OpenSMTPD's smtpd, which is given the mail by OpenSMTPD's smtp(1) and says in its log what came of it.
set -eu
. "$(dirname "$0")/unpacked.sh"
mkdir -p etc
cat >etc/smtpd.conf <<CONFIGURATION
listen on 127.0.0.1 port $SPARE_PORT
action "out" relay host "smtp${TLS:++tls}://127.0.0.1:$PORT" helo opensmtpd.example.org ${TLS:+tls no-verify}
match from any for any action "out"
CONFIGURATION
sed -i s/tls1/tls/ etc/smtpd.conf
unpacked "$UNPACKED/opensmtpd/usr/sbin/smtpd" -d >log 2>&1 &
smtpd=$!
trap 'kill $smtpd || true; wait; cat log' EXIT
until "$UNPACKED/opensmtpd/usr/bin/smtp" -s "smtp+notls://127.0.0.1:$SPARE_PORT" -F "$FROM" $TO <"$1"; do sleep 0.2; done
until [ "$(grep -c "mta delivery .*result=" log)" = "$(echo $TO | wc -w)" ]; do sleep 0.5; kill -0 $smtpd; done
[ "$(grep -c "mta delivery .*result=\"Ok\"" log)" = "$(echo $TO | wc -w)" ]
