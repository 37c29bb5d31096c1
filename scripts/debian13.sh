# A small tree of Debian 13 in build/tools/debian13, with PostgreSQL 17 and MariaDB 11.8: the tests of the dump
# plugins need servers and clients that are newer than this machine's. Keeps what is there.
#
# The packages are unpacked and not set up, so there are no mounts, and no root is needed. In place of each program
# stands a script that starts it with the tree's own C library: it runs without chroot, and finds its other
# programs and files beside itself.
set -euo pipefail
. scripts/common.sh

tree=build/tools/debian13
[ -d "$tree" ] && exit

part=$PWD/$tree.part
rm -rf "$part"
mkdir -p "$part"/apt/{state/lists,cache/archives}/partial
touch "$part/apt/status"
base=$(debian_mirror)
echo "deb $base trixie main" >"$part/apt/sources.list"

# The machine's apt with its keys and its way to the network, and with lists of its own.
of_trixie() {
    "$@" -o "Dir::Etc::SourceList=$part/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o "Dir::State=$part/apt/state" -o "Dir::State::status=$part/apt/status" -o "Dir::Cache=$part/apt/cache" \
        -o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::Retries=3 -o Debug::NoLocking=1 -qq
}

say "Unpacking PostgreSQL 17 and MariaDB 11.8 of Debian 13 into $tree"
quietly "package lists of trixie" of_trixie apt-get update ||
    fail "the package lists of trixie cannot be read" "check the network"
# Servers, clients and their libraries. Not: what compiles queries, and what sets packages up.
mapfile -t packages < <(of_trixie apt-get --simulate --no-install-recommends install postgresql-17 mariadb-server |
    awk '$1 == "Inst" { print $2 }' | grep -E '^(postgresql-(client-)?17|mariadb-.*|zlib1g|lib.*)$' |
    grep -vE '^lib(llvm|z3|c-|.*perl)')
(cd "$part/apt/cache/archives" && quietly "packages of trixie" of_trixie apt-get download "${packages[@]}") ||
    fail "packages of trixie cannot be fetched" "check the network"
for package in "$part"/apt/cache/archives/*.deb; do
    dpkg-deb --extract "$package" "$part"
done
rm -rf "$part/apt" "$part"/usr/share/{doc,man,locale}

# From its own place, wherever the tree is.
loader=$(cd "$part" && find usr/lib* -name 'ld-linux*' | head -n 1)
libraries=usr/lib/$(cd "$part/usr/lib" && ls -d -- *-linux-gnu*)
for program in "$part"/usr/lib/postgresql/17/bin/* "$part"/usr/bin/{mariadb,mariadb-dump,my_print_defaults,resolveip} \
    "$part/usr/sbin/mariadbd"; do
    mv "$program" "$program.elf"
    cat >"$program" <<END
#!/bin/sh
tree=\${0%/usr/*}
exec "\$tree/$loader" --argv0 "\$0" --library-path "\$tree/$libraries" "\$0.elf" "\$@"
END
    chmod 0755 "$program"
done
for program in "$part"/usr/lib/postgresql/17/bin/{postgres,pg_dump} "$part"/usr/{bin/mariadb,sbin/mariadbd}; do
    "$part/$loader" --library-path "$part/$libraries" --list "$program.elf" | grep '=> /' | grep -vF "=> $part" >&2 &&
        fail "$(basename "$program") of Debian 13 takes libraries of this machine" "name their packages in $0"
    "$program" --version >/dev/null || fail "$(basename "$program") of Debian 13 does not run on this machine"
done
mv -T "$part" "$tree"
note "$("$tree/usr/lib/postgresql/17/bin/postgres" --version), $("$tree/usr/bin/mariadb" --no-defaults --version | grep -o 'from [^,]*')"
