#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/wire.h"

/// What people's API answers of a repository's condition: who holds it, and what it takes up.
namespace restic {

struct LockView {
    std::string id;
    bool exclusive = false;
    std::string hostname;
    std::string username;
    std::int64_t pid = 0;
    std::optional<core::Instant> renewedAt;
    /// The agent of that machine, if it has one.
    std::optional<core::Uuid> agentId;
    /// Not renewed for so long that `restic unlock` removes it, wherever its holder is.
    bool stale = false;
};

struct LocksView {
    /// When an agent looked last; absent if none ever did.
    std::optional<core::Instant> readAt;
    std::optional<core::Uuid> taskId;
    std::int64_t count = 0;
    std::vector<LockView> locks;

    static LocksView of(core::db::Transaction& tx, const core::Uuid& repository);
};

struct SizeQuery {
    int days = 365;
};
struct SizeView {
    core::Instant countedAt;
    std::int64_t sizeBytes = 0;
};
struct SizesView {
    std::vector<SizeView> items;
};

const core::wire::Type& wireType(const LockView*);
const core::wire::Type& wireType(const LocksView*);
const core::wire::Type& wireType(const SizeQuery*);
const core::wire::Type& wireType(const SizeView*);
const core::wire::Type& wireType(const SizesView*);

} // namespace restic
