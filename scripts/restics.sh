# Fetches the restic of Debian's newer suites into build/tools/restic/SUITE/restic: the tests run with each of
# them and with the system's own. Keeps what is there.
set -euo pipefail
. scripts/common.sh

fetch() {
    local suite=$1 dir=build/tools/restic/$1 base index file sum
    [ -x "$dir/restic" ] && return
    base=$(debian_mirror)
    mkdir -p "$dir"
    index=$(curl -fsSL --retry 3 "$base/dists/$suite/main/binary-$(dpkg --print-architecture)/Packages.xz" | xz -dc |
        awk -v RS= '/^Package: restic\n/') || fail "the package list of $suite cannot be read" "check the network"
    file=$(sed -n 's/^Filename: //p' <<<"$index" | head -n 1)
    sum=$(sed -n 's/^SHA256: //p' <<<"$index" | head -n 1)
    curl -fsSL --retry 3 -o "$dir/restic.deb" "$base/$file"
    echo "$sum  $dir/restic.deb" | sha256sum --check --quiet -
    dpkg -x "$dir/restic.deb" "$dir/tree"
    mv "$dir/tree/usr/bin/restic" "$dir/restic"
    rm -rf "$dir/tree" "$dir/restic.deb"
    note "$suite: $("$dir/restic" version)"
}

for suite in trixie sid; do
    fetch "$suite"
done
