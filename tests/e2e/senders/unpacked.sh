# shellcheck shell=sh
# To be sourced: `unpacked PROGRAM…` runs a program as if its package were installed. /etc is a copy with this
# directory's etc/ laid over it and the accounts that the package would have made; /var/spool, /var/lib and /run are
# directories in here.
unpacked() {
    mkdir -p whole spool lib/opensmtpd/empty run
    cp -a /etc/. whole/
    [ ! -d etc ] || cp -a etc/. whole/
    for account in Debian-exim:401 opensmtpd:402 opensmtpq:403; do
        echo "${account%:*}:x:${account#*:}:${account#*:}::/var/lib/opensmtpd/empty:/usr/sbin/nologin" >>whole/passwd
        echo "${account%:*}:x:${account#*:}:" >>whole/group
    done
    # shellcheck disable=SC2016  # the inner shell expands
    exec unshare --mount sh -euc '
        mount --bind whole /etc
        mount --bind spool /var/spool
        mount --bind lib /var/lib
        mount --bind run /run
        exec "$@"' _ "$@"
}
