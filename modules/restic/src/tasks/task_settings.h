#pragma once

#include <cstdint>

#include "core/time.h"

namespace restic {

struct TaskSettings {
    core::milliseconds lease{90000};
    core::milliseconds longPollTimeout{30000};
    core::milliseconds cancelAgain{30000};
    int retryAttempts = 3;
    core::milliseconds retryBackoff{300000};
    /// Of one tenant, at one host.
    std::int64_t logBytesPerHour = 256LL << 20;
    /// Of the items of one task's result.
    std::int64_t resultBytes = 256LL << 20;
    /// Entries of snapshots' folders that one tenant keeps.
    std::int64_t listedEntries = 2'000'000;
};

} // namespace restic
