#!/bin/sh
# nullmailer's smtp, the program that nullmailer-send starts for each mail.
set -eu
{
    echo "$FROM"
    printf '%s\n' $TO
    echo
    cat "$1"
} >queued
printf 'host=127.0.0.1\nport=%s\n%s\n' "$PORT" "${TLS:+starttls
insecure}" >options
HELOHOST=nullmailer.example.org exec "$UNPACKED/nullmailer/usr/lib/nullmailer/smtp" <options 3<queued
