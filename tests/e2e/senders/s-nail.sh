#!/bin/sh
# s-nail, one mail, which it puts together itself; `sendwait` makes its exit status that of the delivery.
set -eu
[ -z "$TLS" ] || tls="-S smtp-use-starttls -S tls-verify=ignore"
sed '1,/^$/d' "$1" | exec s-nail -:/ -S "mta=smtp://127.0.0.1:$PORT" -S smtp-auth=none \
    -S hostname=s-nail.example.org -S smtp-hostname=s-nail.example.org ${tls:-} -S sendwait -r "$FROM" \
    -s "$(sed -n 's/^Subject: //p' "$1")" $TO
