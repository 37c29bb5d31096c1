#pragma once

/// Marks what `libae-core.so` offers to the host and to modules. Everything else stays hidden.
#define CORE_EXPORT __attribute__((visibility("default")))
