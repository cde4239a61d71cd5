#!/bin/sh
# Haraka's outbound queue: a server of its own in this directory, whose one plugin (haraka_sends.js) puts the mails
# into the queue, says where they go, and ends the server with the first answer that the queue has got for each.
set -eu
mkdir config plugins queue
cp "$(dirname "$0")/haraka_sends.js" plugins/sends.js
echo sends >config/plugins
echo haraka.example.org >config/me
echo LOGINFO >config/loglevel
printf 'listen=127.0.0.1:%s\n' "$SPARE_PORT" >config/smtp.ini
if [ -n "$TLS" ]; then enable=true; else enable=false; fi
printf 'enable_tls=%s\n' $enable >config/outbound.ini
printf '[redis]\ndisable_for_failed_hosts=false\n' >config/tls.ini
MAILS="$*" exec node "$NODE_PATH/Haraka/bin/haraka" -c .
