#!/bin/sh
# dma, in the foreground; what it could not deliver stays in its spool. Unpacked, since its package excludes Postfix.
set -eu
. "$(dirname "$0")/unpacked.sh"
mkdir -p etc/dma spool/dma
printf 'SMARTHOST 127.0.0.1\nPORT %s\nMAILNAME dma.example.org\n%s\n' "$PORT" "${TLS:+SECURETRANSFER
STARTTLS}" >etc/dma/dma.conf
: >etc/dma/auth.conf
chmod -R a+rwX .
(unpacked "$UNPACKED/dma/usr/sbin/dma" -D -i -f "$FROM" $TO <"$1")
# It does not wait for all the processes that it has started for several recipients.
seconds=0
until [ "$(echo spool/dma/[MQ]*)" = "spool/dma/[MQ]*" ]; do
    [ $seconds -lt 30 ]
    seconds=$((seconds + 1))
    sleep 1
done
