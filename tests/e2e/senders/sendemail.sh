#!/bin/sh
# sendEmail, one mail, which it puts together itself.
set -eu
exec sendemail -f "$FROM" -t $TO -u "$(sed -n 's/^Subject: //p' "$1")" -s "127.0.0.1:$PORT" \
    -o fqdn=sendemail.example.org -o tls=no -o message-file="$1"
