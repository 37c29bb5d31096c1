#include "db/unit.h"

namespace core::db {

namespace {
thread_local bool insideUnit = false;
}

AuditTrail* pendingTrail(const Context& context) {
    AuditTrail* trail = std::visit([](const auto& c) { return c.audit().get(); }, context);
    return trail != nullptr && trail->pending && !trail->written ? trail : nullptr;
}

const Uuid* tenantOf(const Context& context) {
    const auto* tenant = std::get_if<TenantContext>(&context);
    return tenant == nullptr ? nullptr : &tenant->tenant();
}

std::string_view purposeOf(const Context& context) {
    const auto* system = std::get_if<SystemContext>(&context);
    return system == nullptr ? std::string_view("tenant") : std::string_view(system->reason());
}

std::string_view subjectOf(const Context& context) {
    const AuditTrail* trail = std::visit([](const auto& c) { return c.audit().get(); }, context);
    return trail != nullptr && !trail->entry.action.empty() ? std::string_view(trail->entry.action)
                                                            : purposeOf(context);
}

void refuseNul(const Params& params) {
    for (const auto& param : params)
        if (const auto* text = std::get_if<std::string>(&param.storage()))
            if (text->find('\0') != std::string::npos)
                throw Error(errors::kValidation, "Text must not contain the character NUL");
}

UnitGuard::UnitGuard() {
    if (insideUnit)
        throw Error(errors::kInternal, "The server failed")
            .withDetail("a unit of work was started inside another; use the transaction that is open");
    insideUnit = true;
}
UnitGuard::~UnitGuard() {
    insideUnit = false;
}

SlowLog::~SlowLog() {
    const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun_);
    if (took < limit_)
        return;
    const Uuid* tenant = tenantOf(context_);
    logger_.warn("a unit of work was slow",
                 {{"purpose", purposeOf(context_)},
                  {"tenant_id", tenant == nullptr ? json::Value() : json::Value(tenant->toString())},
                  {"took_ms", static_cast<std::int64_t>(took.count())}});
}

void runHooks(std::vector<std::function<void()>>& hooks, const Logger& logger) {
    for (auto& hook : hooks) {
        try {
            hook();
        } catch (...) {
            // The change is durable: what a hook fails to announce must not look like a failed change.
            logger.error("a hook after a commit failed", {{"error", describeCurrentException()}});
        }
    }
}

} // namespace core::db
