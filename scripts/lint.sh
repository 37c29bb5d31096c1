# Checks the form: clang-format on everything, clang-tidy on what changed since main's parent or on --all.
set -euo pipefail
. scripts/common.sh
all=no
[ "${1:-}" = --all ] && all=yes
bash scripts/deps.sh lint

say "clang-format"
git ls-files '*.cpp' '*.h' | xargs clang-format-16 --dry-run --Werror ||
    fail "files are not formatted" "run ./dev format"

say "clang-tidy"
quietly "cmake tidy" cmake --preset tidy ||
    fail "the tidy build cannot be configured" "read build/logs/cmake-tidy.log"
# Generated headers must be there before the files that include them are read.
quietly "generated sources" ninja -C build-tidy modules/base/generated/base_migrations.h \
    modules/restic/generated/restic_migrations.h core/generated/core_migrations.h || fail "the migrations cannot be embedded" "read the lines above"
# The template of new modules is a project of its own.
if [ "$all" = yes ]; then
    files=$(git ls-files 'core/*.cpp' 'modules/*.cpp' 'agent/*.cpp' ':!core/app/module_template')
else
    files=$(git diff --name-only --diff-filter=AM HEAD~1 -- 'core/*.cpp' 'modules/*.cpp' 'agent/*.cpp' \
        ':!core/app/module_template')
fi
[ -z "$files" ] || printf '%s\n' "$files" | xargs -P "$(nproc)" -n 4 clang-tidy-16 -p build-tidy --quiet --extra-arg=-Wno-unknown-warning-option ||
    fail "clang-tidy has findings" "mend them; a NOLINT needs a reason beside it"

if [ -f web/package.json ]; then
    say "web"
    PATH="$(node_bin):$PATH" npm run --prefix web lint
fi
