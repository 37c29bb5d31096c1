# Builds and runs the tests: every tier, or the one that is named.
set -euo pipefail
. scripts/common.sh

preset=release
tiers=()
export AE_TEST_LONG=
while [ $# -gt 0 ]; do
    case "$1" in
    --preset) preset=$2 && shift 2 ;;
    --long) AE_TEST_LONG=1 && shift ;;
    unit | contract | integration | fault | fuzz | sdk | web | e2e) tiers+=("$1") && shift ;;
    *)
        echo "dev test: there is no tier or option '$1'; see ./dev help" >&2
        exit 2
        ;;
    esac
done
# Faults are played with one seed among everything else, with three when they are what is wanted.
if [ -z "${AE_TEST_SEEDS:-}" ]; then
    AE_TEST_SEEDS=1
    case " ${tiers[*]} " in *" fault "*) AE_TEST_SEEDS=3 ;; esac
    [ -z "$AE_TEST_LONG" ] || AE_TEST_SEEDS=20
fi
export AE_TEST_SEEDS
bash scripts/deps.sh test
bash scripts/build.sh --preset "$preset"
dir=$(build_dir "$preset")

# Leaks of libraries that live as long as the process are not ours to mend.
# A small quarantine: the tests that measure what a host holds would measure what the sanitizer keeps.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0:quarantine_size_mb=8:thread_local_quarantine_size_kb=64}
export LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$PWD/tests/support/lsan.supp:print_suppressions=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-suppressions=$PWD/tests/support/tsan.supp:halt_on_error=1:second_deadlock_stack=1}
PATH="$(node_bin):$PATH"
export PATH

labels=
if [ ${#tiers[@]} -gt 0 ]; then
    labels="^($(IFS='|' && echo "${tiers[*]}"))$"
fi
say "Testing ($preset${tiers[*]:+: ${tiers[*]}})"
# One more than processors: most tests wait for something for a part of their time.
ctest --test-dir "$dir" --output-on-failure --no-tests=error -j "$(($(nproc) + 1))" ${labels:+-L "$labels"}
