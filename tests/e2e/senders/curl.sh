#!/bin/sh
# curl, all mails over one connection.
set -eu
[ -z "$TLS" ] || tls="--ssl-reqd --insecure"
for mail; do
    [ "$mail" = "$1" ] || set -- "$@" --next
    set -- "$@" --silent --show-error ${tls:-} --url "smtp://127.0.0.1:$PORT/curl.example.org" --mail-from "$FROM"
    for to in $TO; do set -- "$@" --mail-rcpt "$to"; done
    set -- "$@" --crlf --upload-file "$mail"
    mails=$((${mails:-0} + 1))
done
shift "$mails"
exec curl "$@"
