#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"

namespace restic {

/// A row of a v0 file as it stands there: names of columns (or keys) with their values.
using V0Row = core::json::Object;

/// What of a v0 file's history is read for one target, newest rows first.
struct V0History {
    std::vector<V0Row> rows;
    std::int64_t leftOut = 0; ///< older ones, which are too many
};

/// A file of v0: its SQLite database, or its targets.json. Nothing in it is trusted, and nothing is written
/// to it or beside it. One thread. Throws core::Error, naming the file: kValidation for what is
/// none of these or cannot be opened, kUnavailable for what cannot be read to its end.
class V0Source {
public:
    static constexpr std::size_t kMostTargets = 10000;
    static constexpr std::size_t kMostSnapshots = 100000; ///< of one target
    static constexpr std::size_t kMostChecks = 2000;      ///< of one target
    static constexpr std::uintmax_t kMostJsonBytes = 64ULL << 20U;

    static std::unique_ptr<V0Source> open(const std::filesystem::path& file);
    virtual ~V0Source() = default;

    /// "SQLite database" or "targets.json".
    [[nodiscard]] virtual std::string kind() const = 0;
    virtual std::vector<V0Row> targets() = 0;
    virtual V0History snapshots(std::int64_t target) = 0;
    virtual V0History checks(std::int64_t target) = 0;
    /// Rows of the history whose target is not there any more.
    virtual std::int64_t orphans() = 0;
};

} // namespace restic
