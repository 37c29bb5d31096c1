# Measures against yardsticks of the same run; arguments choose: start events requests list backup maintenance storages dumps restore folders polling compliance parked parked-tls storm slow scale schedule claim.
set -euo pipefail
. scripts/common.sh
bash scripts/deps.sh bench
bash scripts/build.sh --bench
PATH="$(node_bin):$PATH"
ulimit -n "$(ulimit -Hn)"
AE_BUILD_DIR=$PWD/build exec node tests/bench/bench.mjs "$@"
