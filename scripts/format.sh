# Applies clang-format to every C++ file of the project.
set -euo pipefail
. scripts/common.sh
command -v clang-format-16 >/dev/null || bash scripts/deps.sh lint
git ls-files '*.cpp' '*.h' | xargs clang-format-16 -i
