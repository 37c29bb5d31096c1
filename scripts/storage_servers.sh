# Installs the storage servers of npm into build/tools/storage: the tests keep real repositories on them. What
# Debian has of such servers (rclone for REST, sshd for SFTP) is among the packages of scripts/deps.sh. Keeps
# what is there.
set -euo pipefail
. scripts/common.sh

folder=build/tools/storage
[ -e "$folder/node_modules/s3rver/package.json" ] && [ -e "$folder/node_modules/azurite/package.json" ] && exit
bin=$(node_bin)
[ -n "$bin" ] || fail "there is no Node.js for the storage servers" "run ./dev deps"
mkdir -p "$folder"
PATH="$bin:$PATH" quietly "npm install storage servers" npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts s3rver@3 azurite@3 ||
    fail "the storage servers of the tests cannot be installed" "read build/logs/npm-install-storage-servers.log"
