# Builds everything into build/ (or build-PRESET/).
set -euo pipefail
. scripts/common.sh

preset=release
web=yes
targets=()
while [ $# -gt 0 ]; do
    case "$1" in
    --preset)
        preset=$2
        shift 2
        ;;
    --no-tests) # what runs, without what tests it
        targets=(ae-backend restic-agent base restic dump_plugins)
        shift
        ;;
    --bench) # what runs, and the yardsticks beside it
        targets=(ae-backend restic-agent base restic dump_plugins benches)
        shift
        ;;
    --no-web)
        web=no
        shift
        ;;
    *)
        echo "dev build: unknown option $1; see ./dev help" >&2
        exit 2
        ;;
    esac
done
bash scripts/deps.sh build
dir=$(build_dir "$preset")

say "Building host, modules and agent ($preset)"
quietly "cmake $preset" cmake --preset "$preset" ||
    fail "the build cannot be configured" "read build/logs; a missing library is installed by ./dev deps"
# A compiler takes up to a gigabyte: as many at once as processors and memory allow.
jobs=$(nproc)
memory=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
[ "$memory" -lt "$jobs" ] && jobs=$((memory > 1 ? memory : 1))
quietly "ninja $preset" ninja -C "$dir" -j "$jobs" "${targets[@]}" ||
    fail "the build failed" "read the lines above"

if [ "$web" = yes ] && [ -f web/package.json ]; then
    bash scripts/web.sh "$dir"
fi
