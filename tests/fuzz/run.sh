# run.sh TARGET BUILD: the whole corpus of a target, then new inputs: always the same ones, as the seed and their number
# are fixed, so that a fast machine finds what a slow one does (ten minutes of other ones each if AE_TEST_LONG is set). What
# fails is kept in BUILD/found.
set -euo pipefail
target=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
program=$build/bin/${target}_fuzz
if [ ! -x "$program" ]; then
    echo "$program is not built: it needs clang 16 with its runtime; ./dev deps test installs them, ./dev build builds." >&2
    exit 1
fi
new=(-seed=1 -runs=20000)
[ -z "${AE_TEST_LONG:-}" ] || new=(-max_total_time=600)
mkdir -p "$build/found"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
options=(-rss_limit_mb=1024 -timeout=10 -max_len=4096 -artifact_prefix="$build/found/$target-" -verbosity=0)
[ ! -e "$here/$target.dict" ] || options+=(-dict="$here/$target.dict")
export TMPDIR=$work

help() {
    echo "An input of $target fails; it is kept as $build/found/$target-…" >&2
    echo "Again: $program FILE. When it is mended, keep it in tests/fuzz/corpus/$target and as a unit test." >&2
    exit 1
}
inputs=("$here/corpus/$target"/*)
"$program" "${options[@]}" "${inputs[@]}" 2>"$work/log" || { cat "$work/log" >&2; help; }
# libFuzzer keeps what it finds in the first folder.
mkdir "$work/new"
"$program" "${options[@]}" "${new[@]}" -print_final_stats=1 "$work/new" "$here/corpus/$target" || help
echo "${#inputs[@]} inputs of the corpus, and new ones by ${new[*]}"
