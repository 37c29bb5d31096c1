#!/bin/sh
# postgres.sh start|stop|restart-fast|restart-immediate|restart-kill DIR: a PostgreSQL 15 cluster for tests in DIR, on a socket in DIR only.
# Superuser postgres, and ae_host: an ordinary role that may create databases and roles, as the host should have.
set -eu
action=$1
dir=$2
bin=/usr/lib/postgresql/15/bin

# The server refuses to run as root.
as_user() {
    if [ "$(id -u)" = 0 ]; then
        su -s /bin/sh postgres -c "$*"
    else
        sh -c "$*"
    fi
}

case $action in
start)
    if [ -f "$dir/ready" ] && as_user "$bin/pg_ctl -D $dir/data status" >/dev/null 2>&1; then
        exit 0
    fi
    rm -rf "$dir"
    mkdir -p "$dir"
    chmod 0755 "$dir"
    [ "$(id -u)" = 0 ] && chown postgres "$dir"
    as_user "$bin/initdb -D $dir/data -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync" >"$dir.log" 2>&1 ||
        { cat "$dir.log" >&2; exit 1; }
    cat >>"$dir/data/postgresql.conf" <<EOF
listen_addresses = ''
unix_socket_directories = '$dir'
unix_socket_permissions = 0777
max_connections = 200
shared_buffers = 64MB
fsync = ${AE_TEST_FSYNC:-off}
synchronous_commit = ${AE_TEST_FSYNC:-off}
full_page_writes = ${AE_TEST_FSYNC:-off}
autovacuum = off
timezone = 'Asia/Kolkata'
EOF
    as_user "$bin/pg_ctl -D $dir/data -l $dir/server.log -w -t 30 start" >/dev/null </dev/null ||
        { cat "$dir/server.log" >&2; exit 1; }
    "$bin/psql" -q -h "$dir" -U postgres -d postgres -c "CREATE ROLE ae_host LOGIN CREATEDB CREATEROLE"
    touch "$dir/ready"
    rm -f "$dir.log"
    ;;
restart-fast | restart-immediate)
    as_user "$bin/pg_ctl -D $dir/data -l $dir/server.log -m ${action#restart-} -w -t 60 restart" >/dev/null </dev/null
    ;;
restart-kill)
    pid=$(head -n 1 "$dir/data/postmaster.pid")
    kill -9 "$pid"
    # Its children notice and end; until then the new one refuses to start.
    for _ in $(seq 100); do
        as_user "$bin/pg_ctl -D $dir/data -l $dir/server.log -w -t 60 start" >/dev/null 2>&1 </dev/null && exit 0
        sleep 0.1
    done
    cat "$dir/server.log" >&2
    exit 1
    ;;
stop)
    [ -d "$dir/data" ] && as_user "$bin/pg_ctl -D $dir/data -m immediate -w stop" >/dev/null 2>&1 || true
    rm -rf "$dir"
    ;;
esac
