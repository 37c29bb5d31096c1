#pragma once

#include "core/error.h"

namespace restic::protocol {

/// What helps against a failure: doing the same again after a while, or only somebody who changes something.
enum class Remedy { retry, change };

/// A declared failure of a machine's work, with what helps.
struct FailureKind : core::ErrorKind {
    Remedy remedy = Remedy::change;
};

} // namespace restic::protocol
