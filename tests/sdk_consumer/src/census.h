#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>

#include "core/db/database.h"

namespace sites {

/// Counts what all tenants have, beside requests. Thread-safe.
class Census {
public:
    Census(core::db::Database& database, std::filesystem::path closedFile)
        : database_(database), closedFile_(std::move(closedFile)) {}

    /// The job.
    void count();
    /// The health check: throws while the file "closed" lies in the module's folder.
    void check() const;
    /// -1 before the first count.
    [[nodiscard]] std::int64_t sites() const noexcept { return sites_; }

private:
    core::db::Database& database_;
    std::filesystem::path closedFile_;
    std::atomic<std::int64_t> sites_{-1};
};

} // namespace sites
