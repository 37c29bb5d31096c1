#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/json.h"
#include "core/time.h"
#include "restic/protocol/maintenance_tasks.h"

namespace restic {

/// The newest snapshot of each host, user and paths, and how many there are: what /metrics says of backups.
class SnapshotGroups {
public:
    /// Of further ones nothing is kept: numbers with labels are for a few.
    static constexpr std::size_t kMost = 200;

    void add(const protocol::SnapshotItem& item);
    [[nodiscard]] core::json::Array document() const;

private:
    struct Group {
        protocol::SnapshotItem newest;
        std::int64_t count = 0;
    };
    std::map<std::string, Group> groups_;
};

} // namespace restic
