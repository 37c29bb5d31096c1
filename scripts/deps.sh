# Installs what is missing, and nothing that is there. Purposes: build, run, test, lint (default: all).
set -euo pipefail
. scripts/common.sh

build_packages=(g++ cmake make ninja-build ccache mold git pkg-config
    libpoco-dev libpq-dev libsqlite3-dev libssl-dev libfmt-dev libyaml-cpp-dev libcli11-dev
    libhowardhinnant-date-dev prometheus-cpp-dev libwslay-dev libvalijson-dev nlohmann-json3-dev libcurl4-openssl-dev libgtest-dev
    libgmock-dev)
run_packages=(restic curl jq tzdata)
test_packages=(abigail-tools postgresql-15 mariadb-server mariadb-client docker.io busybox-static debootstrap chromium fonts-dejavu-core procps openssl sslscan systemd
    nginx-light haproxy strace slowhttptest clang-16 libclang-rt-16-dev xz-utils rclone openssh-server prometheus)
bench_packages=(wrk)
lint_packages=(clang-format-16 clang-tidy-16)

purpose=${1:-all}
case "$purpose" in
build) packages=("${build_packages[@]}") ;;
run) packages=("${build_packages[@]}" "${run_packages[@]}") ;;
test) packages=("${build_packages[@]}" "${run_packages[@]}" "${test_packages[@]}") ;;
bench) packages=("${build_packages[@]}" "${run_packages[@]}" "${test_packages[@]}" "${bench_packages[@]}") ;;
lint) packages=("${build_packages[@]}" "${lint_packages[@]}") ;;
all) packages=("${build_packages[@]}" "${run_packages[@]}" "${test_packages[@]}" "${bench_packages[@]}" "${lint_packages[@]}") ;;
*)
    echo "dev deps: build, run, test, bench, lint or nothing" >&2
    exit 2
    ;;
esac
[ -e /etc/ssl/certs/ca-certificates.crt ] || packages+=(ca-certificates)
# npm comes with other distributions of Node.js, whose packages exclude Debian's.
command -v npm >/dev/null || packages+=(npm)

if ! command -v apt-get >/dev/null; then
    note "This is no Debian: install these yourself: ${packages[*]}"
else
    missing=()
    for package in "${packages[@]}"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        # Certificates that this machine was given (for a proxy, say) stay: a package may write over their file.
        kept=$(mktemp -d)
        trap 'rm -rf "$kept"' EXIT
        for name in SSL_CERT_FILE NODE_EXTRA_CA_CERTS; do
            [ -f "${!name:-}" ] && cp -L "${!name}" "$kept/$name"
        done
        say "Installing ${#missing[@]} packages: ${missing[*]}"
        quietly "apt-get update" as_root apt-get update ||
            fail "the package lists cannot be read" "check the network and /etc/apt/sources.list"
        quietly "apt-get install" as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y \
            --no-install-recommends "${missing[@]}" ||
            fail "packages cannot be installed" "read build/logs/apt-get-install.log"
        for name in SSL_CERT_FILE NODE_EXTRA_CA_CERTS; do
            if [ -f "$kept/$name" ] && ! cmp -s "$kept/$name" "${!name}"; then
                as_root cp "$kept/$name" "${!name}"
            fi
        done
    fi
fi

if [ -z "$(node_bin)" ]; then
    say "Installing Node.js 22 into build/tools (this system's is too old for the web build)"
    mkdir -p build/tools
    quietly "npm install node" npm install --prefix build/tools --no-audit --no-fund node@22 npm@11 ||
        fail "Node.js cannot be installed" "install Node.js 22.18 or later yourself"
fi
case "$purpose" in
test | bench | all)
    bash scripts/restics.sh
    bash scripts/debian13.sh
    bash scripts/storage_servers.sh
    bash scripts/cron_packages.sh
    ;;
esac
