# Builds the web application into BUILD/share/ae-backend/web, unless nothing has changed since.
set -euo pipefail
. scripts/common.sh
dir=${1:-build}
out="$PWD/$dir/share/ae-backend/web"

PATH="$(node_bin):$PATH"
# Types of what the host answers come from its own declaration.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
AE_LOG_LEVEL=error "$dir/bin/ae-backend" openapi --config /dev/null >"$scratch/openapi.json" ||
    fail "the host cannot describe its API" "read the lines above"

fingerprint() { { cat "$scratch/openapi.json"; find web -path web/node_modules -prune -o -path web/dist -prune -o -path web/src/api/schema.ts -prune -o -path web/src/api/form_schemas.json -prune -o -type f -print0 | sort -z | xargs -0 sha256sum; } | sha256sum; }
stamp="$dir/web.stamp"
now=$(fingerprint)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ] && [ -f "$out/index.html" ]; then
    exit 0
fi
say "Building the web application"
if [ ! -d web/node_modules ] || [ web/package-lock.json -nt web/node_modules/.package-lock.json ]; then
    quietly "npm ci" npm ci --prefix web --no-audit --no-fund ||
        fail "the web application's packages cannot be installed" "check the network; read build/logs/npm-ci.log"
fi
quietly "openapi-typescript" npm exec --prefix web -- openapi-typescript "$scratch/openapi.json" -o web/src/api/schema.ts ||
    fail "the API's types cannot be generated" "read the lines above"
quietly "schemas of forms" node web/form_schemas.mjs "$scratch/openapi.json" web/src/api/form_schemas.json ||
    fail "the schemas of forms cannot be generated" "read the lines above"
quietly "vite build" npm run --prefix web build -- --outDir "$out" --emptyOutDir ||
    fail "the web application cannot be built" "read the lines above"
fingerprint >"$stamp"
