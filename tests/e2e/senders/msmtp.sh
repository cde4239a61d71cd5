#!/bin/sh
# msmtp, one mail.
set -eu
[ -z "$TLS" ] || tls="--tls=on --tls-certcheck=off"
exec msmtp --host=127.0.0.1 --port="$PORT" --domain=msmtp.example.org --auth=off ${tls:---tls=off} \
    --from="$FROM" -- $TO <"$1"
