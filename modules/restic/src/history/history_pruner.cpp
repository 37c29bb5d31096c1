#include "history/history_pruner.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
constexpr std::array kKinds{HistoryKind::snapshots, HistoryKind::logs,  HistoryKind::results,
                            HistoryKind::runs,      HistoryKind::tasks, HistoryKind::checks};
constexpr std::array kNames{"removed snapshots", "log lines", "items of results", "runs", "tasks",
                            "looks at targets"};
} // namespace

HistoryPruner::HistoryPruner(core::db::Database& database, const core::Clock& clock, core::Logger log,
                             HistorySettings settings)
    : database_(database), clock_(clock), log_(std::move(log)), settings_(settings) {}

std::optional<Instant> HistoryPruner::limitOf(HistoryKind kind) const {
    const auto ago = [this](std::optional<core::milliseconds> kept) {
        return kept ? std::optional(clock_.now() - *kept) : std::nullopt;
    };
    switch (kind) {
    case HistoryKind::snapshots: // what holds its run
    case HistoryKind::runs:
        return ago(settings_.runs);
    case HistoryKind::logs:
    case HistoryKind::results:
        // A task never goes with many lines of its own.
        return std::max(ago(settings_.logs), ago(settings_.tasks));
    case HistoryKind::checks:
        return ago(settings_.checks);
    case HistoryKind::tasks:
        break;
    }
    return ago(settings_.tasks);
}

bool HistoryPruner::goesOn(const Pass& pass) const {
    return !pass.stop.stop_requested() && clock_.steady() < pass.end;
}

void HistoryPruner::run(const Fence& fence, const std::stop_token& stop) {
    Pass pass{fence, stop, clock_.steady() + kPass, nullptr};
    bool whole = !tenant_; // a round of all tenants, and not the rest of one
    bool more = true;      // somebody was not at the end when their turn was over
    while (more) {
        more = !std::exchange(whole, true);
        do {
            if (!goesOn(pass))
                break;
            tenant_ = database_.read(core::SystemContext("history"), [this](Transaction& tx) {
                return HistoryStore::tenantAfter(tx, tenant_);
            });
            if (tenant_)
                more = !turn(pass, *tenant_) || more;
        } while (tenant_);
        if (!goesOn(pass))
            break;
    }
    if (pass.failure)
        std::rethrow_exception(pass.failure);
}

bool HistoryPruner::turn(Pass& pass, const Uuid& tenant) {
    auto& place = places_[tenant];
    for (int units = 0; place.kind < kKinds.size(); ++units) {
        if (units >= kTurn || !goesOn(pass))
            return false;
        const auto kind = kKinds.at(place.kind);
        const auto before = limitOf(kind);
        if (!before || step(pass, tenant, kind, *before, place))
            place = {place.kind + 1, std::nullopt, 0};
    }
    places_.erase(tenant);
    return true;
}

bool HistoryPruner::step(Pass& pass, const Uuid& tenant, HistoryKind kind, Instant before, Place& place) {
    const core::TenantContext context(tenant);
    const int limit = place.single > 0 ? 1 : kBatch;
    std::optional<HistoryStore::Stretch> stretch;
    try {
        stretch = database_.read(context, [&](Transaction& tx) {
            return HistoryStore::next(tx, kind, before, place.after, limit);
        });
    } catch (...) {
        note(pass, tenant, kind);
        return true; // of this kind nothing more can be done in this pass
    }
    if (!stretch)
        return true;
    bool failed = false;
    try {
        database_.transact(context, [&](Transaction& tx) {
            pass.fence(tx);
            HistoryStore::erase(tx, kind, before, place.after, stretch->to);
        });
    } catch (const core::Error& error) {
        if (isLeaseLost(error))
            throw;
        failed = true;
        note(pass, tenant, kind);
    } catch (...) {
        failed = true;
        note(pass, tenant, kind);
    }
    if (failed && limit > 1) { // the same again, row by row
        place.single = kBatch;
        return false;
    }
    place.after = stretch->to;
    if (place.single > 0)
        --place.single;
    return limit > 1 && stretch->rows < limit;
}

void HistoryPruner::note(Pass& pass, const Uuid& tenant, HistoryKind kind) const {
    if (!pass.failure)
        pass.failure = std::current_exception();
    log_.warn("old history could not be erased", {{"tenant_id", tenant.toString()},
                                                  {"what", kNames.at(static_cast<std::size_t>(kind))},
                                                  {"error", core::describeCurrentException()}});
}

} // namespace restic
