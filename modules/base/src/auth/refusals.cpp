#include "auth/refusals.h"

#include "core/error.h"

namespace base {

std::optional<std::int64_t> Refusals::take(Budget& budget) {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.now();
    if (now - budget.since >= std::chrono::minutes(1) || now < budget.since) {
        budget.since = now;
        budget.used = 0;
    }
    if (budget.used >= kPerMinute) {
        ++budget.leftOut;
        return std::nullopt;
    }
    ++budget.used;
    return std::exchange(budget.leftOut, 0);
}

void Refusals::note(const std::string& action, const std::string& why, const std::optional<Account>& account,
                    const Origin& origin) {
    const auto leftOut = take(account ? known_ : unknown_);
    if (!leftOut)
        return;
    log_.warn("somebody was not let in", {{"action", action},
                                          {"reason", why},
                                          {"account", account ? account->email : std::string("unknown")},
                                          {"address", origin.address},
                                          {"request_id", origin.requestId},
                                          {"left_out", *leftOut}});
    core::AuditEntry entry;
    entry.action = action;
    entry.actorKind = "anonymous";
    entry.address = origin.address;
    entry.requestId = origin.requestId;
    entry.objectType = "user";
    core::json::Object after{{"reason", why}};
    if (account) {
        entry.objectId = account->id.toString();
        entry.tenant = account->tenant;
        after.set("email", account->email);
    }
    if (*leftOut > 0)
        after.set("left_out", *leftOut);
    entry.after = std::move(after);
    try {
        database_.transact(core::SystemContext("refused sign-in"),
                           [&](core::db::Transaction& tx) { audit_.write(tx, nullptr, entry); });
    } catch (...) {
        // The answer is the same without it.
        log_.error("a refusal could not be written into the audit log",
                   {{"error", core::describeCurrentException()}});
    }
}

} // namespace base
