#include "lease/leases.h"

#include <optional>
#include <vector>

#include <pthread.h>

#include <fmt/format.h>

namespace core {

using db::Transaction;

namespace {

constexpr auto kNow = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
// One key for taking over and for writing under a lease: writers share it, whoever takes over needs it alone.
constexpr auto kLockShared = "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 7019267297))";
constexpr auto kTryLock = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 7019267297))";
constexpr auto kIdle = "SELECT set_config('idle_in_transaction_session_timeout', $1, true)";

const SystemContext& context() {
    static const SystemContext kContext("leases");
    return kContext;
}

} // namespace

Leases::Leases(db::Database& database, const Clock& clock, Logger log, std::string holder,
               milliseconds duration)
    : database_(database), clock_(clock), log_(std::move(log)), holder_(std::move(holder)),
      duration_(duration), alone_(database.dialect() == db::Dialect::sqlite) {
    if (alone_)
        return;
    thread_ = std::jthread([this](const std::stop_token& stop) {
        pthread_setname_np(pthread_self(), "leases");
        while (!stop.stop_requested()) {
            {
                std::unique_lock lock(mutex_);
                clock_.waitUntil(lock, changed_, stop, clock_.steady() + duration_ / 3, [] { return false; });
            }
            if (!stop.stop_requested())
                renewAll();
        }
    });
}

Leases::~Leases() {
    releaseAll();
}

std::optional<Lease> Leases::acquire(const std::string& name) {
    if (alone_) {
        const std::lock_guard lock(mutex_);
        auto& held = held_[name];
        held.token = 1;
        return Lease{name, held.token, held.lost.get_token()};
    }
    std::optional<std::stop_source> old;
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = held_.find(name); found != held_.end()) {
            if (clock_.steady() < found->second.until)
                return Lease{name, found->second.token, found->second.lost.get_token()};
            old = found->second.lost;
            held_.erase(found);
        }
    }
    if (old) {
        log_.warn("lost a lease", {{"lease", name}, {"reason", "it could not be renewed in time"}});
        old->request_stop(); // outside the lock, as everywhere: others act on it
    }
    try {
        return take(name);
    } catch (...) {
        log_.warn("a lease cannot be asked for", {{"lease", name}, {"error", describeCurrentException()}});
        return std::nullopt;
    }
}

std::optional<Lease> Leases::take(const std::string& name) {
    const auto until = clock_.steady() + duration_; // counted from before the database counts
    const auto token = database_.transact(context(), [&](Transaction& tx) -> std::optional<std::int64_t> {
        if (!tx.query(kTryLock, {name})[0].boolean(0))
            return std::nullopt; // somebody writes under the lease, or takes it at this moment
        static const std::string kTake = fmt::format(
            "INSERT INTO core_leases (name, holder, token, expires_us) VALUES ($1, $2, 1, {0} + $3) "
            "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = core_leases.token + 1, "
            "expires_us = excluded.expires_us "
            "WHERE core_leases.expires_us < {0} OR core_leases.holder = excluded.holder RETURNING token",
            kNow);
        const auto rows = tx.query(kTake, {name, holder_, std::chrono::microseconds(duration_).count()});
        return rows.empty() ? std::nullopt : std::optional(rows[0].integer(0));
    });
    if (!token)
        return std::nullopt;
    log_.info("took a lease", {{"lease", name}, {"token", *token}});
    const std::lock_guard lock(mutex_);
    auto& held = held_[name];
    held = Held{*token, until, std::stop_source()};
    return Lease{name, *token, held.lost.get_token()};
}

bool Leases::renew(const std::string& name, std::int64_t token) {
    const auto until = clock_.steady() + duration_;
    static const std::string kRenew = fmt::format(
        "UPDATE core_leases SET expires_us = {} + $4 WHERE name = $1 AND holder = $2 AND token = $3", kNow);
    const auto rows = database_.run(
        context(), {{kRenew, {name, holder_, token, std::chrono::microseconds(duration_).count()}}}, true);
    if (rows.at(0).affected == 0)
        return false;
    const std::lock_guard lock(mutex_);
    if (const auto found = held_.find(name); found != held_.end() && found->second.token == token)
        found->second.until = until;
    return true;
}

void Leases::renewAll() {
    std::vector<std::pair<std::string, std::int64_t>> mine;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [name, held] : held_)
            mine.emplace_back(name, held.token);
    }
    for (const auto& [name, token] : mine) {
        try {
            if (!renew(name, token))
                drop(name, token, "another host has taken it over");
            continue;
        } catch (...) {
            log_.warn("a lease could not be renewed",
                      {{"lease", name}, {"error", describeCurrentException()}});
        }
        bool over = false;
        {
            const std::lock_guard lock(mutex_);
            const auto found = held_.find(name);
            over = found != held_.end() && found->second.token == token &&
                   clock_.steady() >= found->second.until;
        }
        if (over)
            drop(name, token, "it could not be renewed in time");
    }
}

void Leases::drop(const std::string& name, std::int64_t token, const char* why) {
    std::optional<std::stop_source> lost;
    {
        const std::lock_guard lock(mutex_);
        const auto found = held_.find(name);
        if (found == held_.end() || found->second.token != token)
            return;
        lost = found->second.lost;
        held_.erase(found);
    }
    log_.warn("lost a lease", {{"lease", name}, {"token", token}, {"reason", why}});
    lost->request_stop();
}

void Leases::fence(Transaction& tx, const Lease& lease) const {
    if (alone_)
        return;
    const auto results = tx.batch({{kIdle, {std::to_string(duration_.count())}},
                                   {kLockShared, {lease.name}},
                                   {"SELECT token FROM core_leases WHERE name = $1", {lease.name}}});
    const auto& rows = results.at(2);
    if (rows.empty() || rows[0].integer(0) != lease.token)
        throw Error(errors::kLeaseLost,
                    fmt::format("This host no longer holds the lease {}: another one has taken "
                                "over, and what this one was about to write is not written.",
                                lease.name));
}

bool Leases::claimSlot(const Lease& lease, Instant slot) {
    if (alone_)
        return true;
    // One that was claimed under a clock that was ahead holds nothing back.
    constexpr std::int64_t kDay = 86'400'000'000;
    return database_
               .run(context(),
                    {{"UPDATE core_leases SET slot_us = $3 WHERE name = $1 AND token = $2 AND "
                      "(slot_us IS NULL OR slot_us < $3 OR slot_us > $4)",
                      {lease.name, lease.token, toMicros(slot), toMicros(slot) + kDay}}},
                    true)
               .at(0)
               .affected == 1;
}

void Leases::release(const std::string& name) noexcept {
    std::int64_t token = 0;
    std::optional<std::stop_source> lost;
    {
        const std::lock_guard lock(mutex_);
        const auto found = held_.find(name);
        if (found == held_.end())
            return;
        token = found->second.token;
        lost = found->second.lost;
        held_.erase(found);
    }
    lost->request_stop();
    if (alone_)
        return;
    try {
        database_.run(
            context(),
            {{"UPDATE core_leases SET expires_us = 0 WHERE name = $1 AND holder = $2 AND token = $3",
              {name, holder_, token}}},
            true);
    } catch (...) {
        log_.warn("a lease could not be given back; it ends by itself",
                  {{"lease", name}, {"error", describeCurrentException()}});
    }
}

void Leases::releaseAll() noexcept {
    if (thread_.joinable()) {
        thread_.request_stop();
        thread_.join();
    }
    std::vector<std::string> names;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [name, held] : held_)
            names.push_back(name);
    }
    for (const auto& name : names)
        release(name);
}

} // namespace core
