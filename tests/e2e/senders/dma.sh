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
for left in spool/dma/[MQ]*; do [ ! -e "$left" ]; done
