#!/bin/sh
# Fills a folder with the files of an image: server_image.sh postgres|mariadb FOLDER. The servers are those of this
# machine. They are set up at their first start by the variables that the official images have, and like there by a
# server that only its own socket reaches.
set -eu
root=$2
mkdir -p "$root/bin" "$root/tmp" "$root/etc" "$root/var" "$root/run"
ln -s /run "$root/var/run"
chmod 1777 "$root/tmp"
cp /bin/busybox "$root/bin/"
for name in $(busybox --list); do ln -s busybox "$root/bin/$name" 2>/dev/null || true; done
printf 'root:x:0:0::/:/bin/sh\npostgres:x:999:999::/tmp:/bin/sh\n' >"$root/etc/passwd"

# With the libraries that each of them needs.
add() {
  for file; do
    [ -e "$root$file" ] || cp --parents -L "$file" "$root"
    for library in $(ldd "$file" 2>/dev/null | grep -o '/[^ ]*'); do
      [ -e "$root$library" ] || cp --parents -L "$library" "$root"
    done
  done
}
entry() { cat >"$root/bin/entry"; chmod 755 "$root/bin/entry"; }

case $1 in
postgres)
  programs=$(echo /usr/lib/postgresql/*/bin)
  home=${programs%/bin}
  add /usr/bin/setpriv
  for name in postgres initdb pg_ctl psql pg_dump pg_restore; do
    add "$programs/$name"
    ln -sf "$programs/$name" "$root/bin/$name"
  done
  for file in "$home"/lib/*.so; do case $file in */llvmjit*) ;; *) add "$file" ;; esac; done
  cp --parents -rL "/usr/share/postgresql/${home##*/}" "$root"
  cp --parents -L /usr/share/zoneinfo/UTC /usr/share/zoneinfo/Etc/UTC "$root"
  mkdir -p "$root/run/postgresql" "$root/data"
  chmod 1777 "$root/run/postgresql"
  entry <<'ENTRY'
#!/bin/sh
set -e
if [ "$(id -u)" = 0 ]; then
  chown postgres /data
  exec /usr/bin/setpriv --reuid=999 --regid=999 --clear-groups /bin/entry
fi
if [ ! -e /data/PG_VERSION ]; then
  printf %s "$POSTGRES_PASSWORD" >/tmp/password
  initdb -D /data -U "${POSTGRES_USER:-postgres}" --pwfile=/tmp/password -E UTF8 --locale=C --auth=scram-sha-256 --no-sync
  rm /tmp/password
  pg_ctl -D /data -w -o "-c listen_addresses=''" start
  sleep 1
  pg_ctl -D /data -w -m fast stop
fi
exec postgres -D /data -c listen_addresses=127.0.0.1
ENTRY
  ;;
mariadb)
  add /usr/sbin/mariadbd /usr/bin/mariadb /usr/bin/mariadb-dump
  for name in mariadbd mariadb mariadb-dump; do ln -sf "$(command -v $name)" "$root/bin/$name"; done
  cp --parents -rL /usr/share/mysql/english /usr/share/mysql/charsets "$root"
  mkdir -p "$root/data" "$root/run/mysqld"
  # What a first start would make takes seconds.
  mariadb-install-db --no-defaults --user=root "--datadir=$root/empty" --auth-root-authentication-method=normal \
    --skip-test-db --innodb-log-file-size=8M "--tmpdir=$root/tmp" --debug-no-sync --innodb-flush-method=nosync >/dev/null
  entry <<'ENTRY'
#!/bin/sh
set -e
serve() { exec mariadbd --no-defaults --user=root --datadir=/data --socket=/run/mysqld/mysqld.sock --innodb-log-file-size=8M "$@"; }
if [ ! -e /data/ibdata1 ]; then
  cp -a /empty/. /data
  (serve --skip-networking) &
  for i in $(seq 100); do mariadb --socket=/run/mysqld/mysqld.sock -e 'SELECT 1' && break; sleep 0.2; done
  mariadb <<SQL
SET PASSWORD FOR root@localhost = PASSWORD('$MARIADB_ROOT_PASSWORD');
CREATE USER root@'%' IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
SQL
  sleep 1
  kill $!
  wait $! || true
fi
serve --bind-address=127.0.0.1
ENTRY
  ;;
esac
