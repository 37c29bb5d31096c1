#include "audit/audit_pruner.h"

#include <exception>

#include "core/error.h"

namespace base {

AuditPruner::AuditPruner(core::db::Database& database, const core::Clock& clock, const AuditStore& audit,
                         core::Logger log)
    : database_(database), clock_(clock), audit_(audit), log_(std::move(log)) {}

void AuditPruner::run(core::milliseconds keep, const std::function<void(core::db::Transaction&)>& fence,
                      const std::stop_token& stop) {
    const core::SystemContext context("old audit entries");
    const auto before = clock_.now() - keep;
    const auto end = clock_.steady() + kPass;
    const auto goesOn = [&] { return !stop.stop_requested() && clock_.steady() < end; };
    std::exception_ptr failure;
    const auto note = [&] {
        if (!failure)
            failure = std::current_exception();
        log_.warn("old audit entries could not be erased", {{"tenant_id", tenant_ ? tenant_->toString() : ""},
                                                            {"error", core::describeCurrentException()}});
    };
    do {
        std::int64_t erased = kBatch;
        try {
            while (erased == kBatch && goesOn()) {
                erased = database_.transact(context, [&](core::db::Transaction& tx) {
                    fence(tx);
                    return audit_.erase(tx, tenant_, before, kBatch);
                });
            }
        } catch (const core::Error& error) {
            if (error.name() == core::errors::kLeaseLost.name)
                throw;
            note();
        } catch (...) {
            note();
        }
        if (!goesOn())
            break; // the next pass goes on with this tenant
        tenant_ = database_.read(
            context, [this](core::db::Transaction& tx) { return AuditStore::tenantAfter(tx, tenant_); });
    } while (tenant_);
    if (failure)
        std::rethrow_exception(failure);
}

} // namespace base
