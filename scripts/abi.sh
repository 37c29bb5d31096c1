# Records what modules see of the SDK in binary form: abi/sdk.abi. The test abi.snapshot compares with it.
set -euo pipefail
. scripts/common.sh

action=update
case "${1:-}" in
'') ;;
--release) action=release ;;
*)
    echo "dev abi: unknown option $1; see ./dev help" >&2
    exit 2
    ;;
esac
bash scripts/deps.sh test
dir=$(build_dir release)
quietly "cmake release" cmake --preset release ||
    fail "the build cannot be configured" "read build/logs; a missing library is installed by ./dev deps"
quietly "ninja ae_core" ninja -C "$dir" ae_core || fail "the core library cannot be built" "read the lines above"
PATH="$(node_bin):$PATH"
exec node scripts/abi.mjs "$action" --library "$dir/lib/libae-core.so"
