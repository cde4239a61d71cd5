#!/bin/sh
# swaks, one mail.
set -eu
[ -z "$TLS" ] || tls=--tls
exec swaks --server "127.0.0.1:$PORT" --helo swaks.example.org ${tls:-} --from "$FROM" \
    --to "$(echo $TO | tr ' ' ,)" --data "@$1"
