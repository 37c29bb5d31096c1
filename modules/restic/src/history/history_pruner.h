#pragma once

#include <array>
#include <exception>
#include <map>
#include <optional>
#include <stop_token>

#include "core/log.h"
#include "fence.h"
#include "history/history_store.h"

namespace restic {

/// How long what is kept. Without a time: for ever.
struct HistorySettings {
    std::optional<core::milliseconds> tasks;
    std::optional<core::milliseconds> runs;
    std::optional<core::milliseconds> logs; ///< and items of results; no longer than tasks
    std::optional<core::milliseconds> checks = {};
    std::optional<core::milliseconds> compliance = {};
};

/// Erases what is older than it is kept, in small units of work. One at a time.
class HistoryPruner {
public:
    /// Rows that are looked at in one unit of work.
    static constexpr int kBatch = 200;
    /// Units of work of one tenant before the next one has its turn.
    static constexpr int kTurn = 25;
    /// How long a pass goes on beginning further ones.
    static constexpr core::seconds kPass{20};

    HistoryPruner(core::db::Database& database, const core::Clock& clock, core::Logger log,
                  HistorySettings settings);

    /// One pass over all tenants, or as far as its time goes: the next one goes on from there. What cannot be
    /// erased is left out with a line in the log; the first such failure is thrown at the end.
    void run(const Fence& fence = unfenced, const std::stop_token& stop = {});

private:
    /// Where a tenant's history has been looked at up to.
    struct Place {
        std::size_t kind = 0;
        std::optional<HistoryStore::Mark> after;
        int single = 0; ///< so many rows go one by one: among them is one that cannot go
    };
    struct Pass {
        const Fence& fence;
        const std::stop_token& stop;
        std::chrono::steady_clock::time_point end;
        std::exception_ptr failure;
    };

    [[nodiscard]] bool goesOn(const Pass& pass) const;
    /// One turn of a tenant. True if its history was looked at to its end.
    bool turn(Pass& pass, const core::Uuid& tenant);
    /// One unit of work. True if nothing of that kind is left.
    bool step(Pass& pass, const core::Uuid& tenant, HistoryKind kind, core::Instant before, Place& place);
    void note(Pass& pass, const core::Uuid& tenant, HistoryKind kind) const;
    /// What is older may go.
    [[nodiscard]] std::optional<core::Instant> limitOf(HistoryKind kind) const;

    core::db::Database& database_;
    const core::Clock& clock_;
    core::Logger log_;
    HistorySettings settings_;
    std::optional<core::Uuid> tenant_;   ///< whose turn was the last one
    std::map<core::Uuid, Place> places_; ///< of those that are not at their end
};

} // namespace restic
