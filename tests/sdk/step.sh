#!/usr/bin/env bash
# step.sh install|headers|consumer|guide|plugin|plugin_guide: the steps of the tier sdk that its tests share. The environment names folders.
set -euo pipefail

# Nothing of the source tree: CMake knows the prefix, and the compiler is checked not to have looked elsewhere.
build_outside() {
    local source=$1 build=$2
    shift 2
    cmake -S "$source" -B "$build" -G Ninja -DCMAKE_PREFIX_PATH="$SDK_PREFIX" -DCMAKE_CXX_FLAGS="$SDK_FLAGS" \
        -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF "$@"
    cmake --build "$build"
    local seen
    seen=$(ninja -C "$build" -t deps | grep -E "^ *$SDK_SOURCE/(core|modules|agent|plugins|tests/mocks)/" || true)
    if [ -n "$seen" ]; then
        printf 'these were taken from the source tree:\n%s\n' "$seen" >&2
        exit 1
    fi
}

if command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi

case "$1" in
install)
    # Installed to one place and moved to another: nothing may know where it was.
    rm -rf "$SDK_DIR"
    mkdir -p "$SDK_DIR"
    cmake --install "$SDK_BUILD" --prefix "$SDK_DIR/elsewhere"
    mv "$SDK_DIR/elsewhere" "$SDK_PREFIX"
    ;;
headers)
    build_outside "$SDK_SOURCE/tests/sdk_headers" "$SDK_DIR/headers" -DAE_PREFIX="$SDK_PREFIX"
    ;;
consumer)
    # A copy, so that no path leads back.
    cp -r "$SDK_SOURCE/tests/sdk_consumer" "$SDK_DIR/consumer"
    build_outside "$SDK_DIR/consumer" "$SDK_DIR/consumer/build"
    ;;
plugin)
    cp -r "$SDK_SOURCE/tests/sdk_plugin" "$SDK_DIR/plugin"
    build_outside "$SDK_DIR/plugin" "$SDK_DIR/plugin/build"
    ;;
guide | plugin_guide)
    # The first commands of docs/module-sdk.md and docs/plugin-sdk.md, as a reader types them.
    mkdir -p "$SDK_DIR/$1"
    cd "$SDK_DIR/$1"
    case "$1" in
    guide) page=module-sdk.md command='module new' ;;
    *) page=plugin-sdk.md command='plugin new' ;;
    esac
    awk '/^```sh$/ {on = 1; next} /^```$/ {on = 0} on' "$SDK_SOURCE/docs/$page" >commands.sh
    grep -q "$command" commands.sh
    export PREFIX=$SDK_PREFIX CXXFLAGS=$SDK_FLAGS PATH="$SDK_PREFIX/bin:$PATH"
    # Not the source tree's: the reader has none.
    env -u SDK_SOURCE -u SDK_BUILD bash -euxo pipefail commands.sh
    ;;
*)
    echo "step.sh: unknown step $1" >&2
    exit 2
    ;;
esac
