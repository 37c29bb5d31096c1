#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.h"
#include "core/error.h"
#include "core/log.h"

/// What units of work have in common on both dialects.
namespace core::db {

/// The audit trail that a writing unit of this context still owes, or null.
AuditTrail* pendingTrail(const Context& context);
/// The tenant of the context, or null for the system.
const Uuid* tenantOf(const Context& context);
/// For the log: "tenant" or the system context's reason.
std::string_view purposeOf(const Context& context);
/// What a failpoint of its unit is called: the audit action, else the purpose.
std::string_view subjectOf(const Context& context);

/// A text parameter with NUL would be cut by one database and kept by the other: refused on both.
void refuseNul(const Params& params);

/// Marks the thread as being inside a unit of work. A unit inside a unit would wait for itself on SQLite and
/// for a second connection on PostgreSQL, so it is refused on both.
class UnitGuard {
public:
    UnitGuard();
    ~UnitGuard();
    UnitGuard(const UnitGuard&) = delete;
    UnitGuard& operator=(const UnitGuard&) = delete;
};

struct Counters {
    std::atomic<std::uint64_t> commits{0};
    std::atomic<std::uint64_t> rollbacks{0};
    std::atomic<std::uint64_t> retries{0};
};

/// Logs the unit if it took longer than the limit.
class SlowLog {
public:
    SlowLog(const Logger& logger, const Context& context, milliseconds limit)
        : logger_(logger), context_(context), limit_(limit), begun_(std::chrono::steady_clock::now()) {}
    ~SlowLog();
    SlowLog(const SlowLog&) = delete;
    SlowLog& operator=(const SlowLog&) = delete;

private:
    const Logger& logger_;
    const Context& context_;
    milliseconds limit_;
    std::chrono::steady_clock::time_point begun_;
};

/// Runs the hooks of a committed unit; one that throws is logged and does not stop the others.
void runHooks(std::vector<std::function<void()>>& hooks, const Logger& logger);

} // namespace core::db
