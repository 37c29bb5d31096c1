# Shared by the scripts of ./dev; sourced, with the project's root as working directory.

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
note() { printf '  %s\n' "$*" >&2; }
fail() {
    printf '\n\033[31mFailed:\033[0m %s\n' "$1" >&2
    [ $# -gt 1 ] && printf '  What to do: %s\n' "$2" >&2
    exit 1
}

# Runs a command with its output in a log that is shown when it fails; a line every ten seconds says that it goes on.
quietly() {
    local what=$1 log
    shift
    mkdir -p build/logs
    log="build/logs/$(printf '%s' "$what" | tr -c 'a-zA-Z0-9' '-').log"
    local began=$SECONDS
    "$@" >"$log" 2>&1 &
    local pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        sleep 1
        if [ $(((SECONDS - began) % 10)) -eq 0 ] && [ $((SECONDS - began)) -gt 0 ]; then
            note "$what … $((SECONDS - began)) s ($(tail -n 1 "$log" 2>/dev/null | tr -d '\r' | cut -c1-70))"
        fi
    done
    if ! wait "$pid"; then
        tail -n 40 "$log" >&2
        return 1
    fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "this needs root: $*" "run as root, or install sudo"
    fi
}

# The folder of a preset's build tree.
build_dir() { [ "$1" = release ] && echo build || echo "build-$1"; }

# The folder of Node.js 22.18 or later (what the web packages ask for) and its npm: the system's, or build/tools.
node_bin() {
    local version
    if command -v node >/dev/null; then
        version=$(node --version | tr -d v)
        if printf '22.18.0\n%s\n' "$version" | sort -VC; then
            dirname "$(command -v node)"
            return
        fi
    fi
    if [ -x build/tools/node_modules/.bin/node ]; then
        echo "$PWD/build/tools/node_modules/.bin"
    fi
}

# The mirror of Debian that apt is set up with, by its own index of targets.
debian_mirror() {
    local base
    base=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | sed 's:/*$::' |
        sort -u | grep -v -- '-security$' | head -n 1)
    [ -n "$base" ] || fail "apt names no mirror of Debian" "run apt-get update, then this again"
    echo "$base"
}
