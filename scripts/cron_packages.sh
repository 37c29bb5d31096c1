# Installs the schedule libraries of npm into build/tools/cron: a test compares our schedules with theirs. Of those
# versions, as each of their releases changes what they take. Keeps what is there.
set -euo pipefail
. scripts/common.sh

folder=build/tools/cron
versions=(cron-parser@5.10.6 croner@11.0.1)
for one in "${versions[@]}"; do
    grep -qs "\"version\": \"${one#*@}\"" "$folder/node_modules/${one%@*}/package.json" || missing=yes
done
[ -n "${missing:-}" ] || exit 0
bin=$(node_bin)
[ -n "$bin" ] || fail "there is no Node.js for the schedule libraries" "run ./dev deps"
mkdir -p "$folder"
PATH="$bin:$PATH" quietly "npm install schedule libraries" npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --save-exact "${versions[@]}" ||
    fail "the schedule libraries of the tests cannot be installed" "read build/logs/npm-install-schedule-libraries.log"
