#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "core/export.h"

namespace core::http {

/// Keeps a log short while the same thing goes wrong at every request: each reason once a minute, with the
/// number of those left out. Knows at most 100 reasons at once. Thread-safe.
class CORE_EXPORT QuietErrors {
public:
    static constexpr std::chrono::seconds kEvery{60};

    /// How many of this reason were left out since it was written last; nullopt if this one is left out.
    [[nodiscard]] std::optional<std::int64_t> write(const std::string& reason,
                                                    std::chrono::steady_clock::time_point now);

private:
    struct Known {
        std::chrono::steady_clock::time_point written;
        std::int64_t leftOut = 0;
    };
    std::mutex mutex_;
    std::map<std::string, Known> known_;
};

} // namespace core::http
