#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "core/db/database.h"
#include "core/error.h"
#include "core/export.h"
#include "core/log.h"
#include "core/time.h"

namespace core {

/// The right to do what only one host may do, as this host knows it.
struct Lease {
    std::string name;
    std::int64_t token = 0; ///< grows with every change of the holder
    std::stop_token lost;   ///< stop is requested when the right is gone, or may be
};

/// Rights that one host of a database holds at a time, kept as long as it lives: renewed by a thread, taken
/// over by another host once they have not been renewed for `duration` by the database's clock. On SQLite the
/// one host holds them all. Thread-safe.
class CORE_EXPORT Leases {
public:
    /// `holder` names this process, differently from every other one. References must outlive it.
    Leases(db::Database& database, const Clock& clock, Logger log, std::string holder,
           milliseconds duration = milliseconds{15000});
    ~Leases();
    Leases(const Leases&) = delete;
    Leases& operator=(const Leases&) = delete;

    /// The lease if this host holds it or can take it now; nullopt if another host holds it or the database
    /// cannot be asked.
    std::optional<Lease> acquire(const std::string& name);
    /// Throws core::Error(errors::kLeaseLost) unless the lease is held at the commit of this unit: until then
    /// no other host can take it over. A unit that does nothing for `duration` is ended by the server, so
    /// that a stopped process cannot keep the lease by it.
    void fence(db::Transaction& tx, const Lease& lease) const;
    /// Notes that the work planned for `slot` begins now. False if it, or a later one, has begun before.
    [[nodiscard]] bool claimSlot(const Lease& lease, Instant slot);
    /// Gives a lease back, so that another host need not wait for its end.
    void release(const std::string& name) noexcept;
    void releaseAll() noexcept;

    [[nodiscard]] milliseconds duration() const noexcept { return duration_; }

private:
    struct Held {
        std::int64_t token = 0;
        std::chrono::steady_clock::time_point until;
        std::stop_source lost;
    };
    std::optional<Lease> take(const std::string& name);
    /// False if it is another's now; throws when the database cannot be asked.
    bool renew(const std::string& name, std::int64_t token);
    void renewAll();
    void drop(const std::string& name, std::int64_t token, const char* why);

    db::Database& database_;
    const Clock& clock_;
    const Logger log_;
    const std::string holder_;
    const milliseconds duration_;
    const bool alone_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::string, Held> held_;
    std::jthread thread_;
};

} // namespace core
