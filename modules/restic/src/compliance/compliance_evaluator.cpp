#include "compliance/compliance_evaluator.h"

#include <algorithm>
#include <map>

#include "core/cron.h"
#include "core/zone.h"
#include "errors.h"
#include "restic/events.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

namespace {
/// The day that it is for each target's policy.
class Days {
public:
    explicit Days(Instant now) : now_(now) {}
    const std::string& of(const std::string& timezone) {
        auto [found, isNew] = known_.try_emplace(timezone);
        if (isNew) {
            const auto* zone = core::findTimeZone(timezone);
            found->second = core::localDay(now_, zone != nullptr ? *zone : *core::findTimeZone("UTC"));
        }
        return found->second;
    }

private:
    Instant now_;
    std::map<std::string, std::string> known_;
};

int weight(const std::string& status) {
    return status == "unhealthy" ? 3 : status == "warning" ? 2 : status == "unknown" ? 0 : 1;
}

/// The worse of both; what was not known yet says nothing of the day.
ComplianceDay joined(const ComplianceDay& before, const ComplianceDay& now) {
    ComplianceDay day = now;
    if (weight(before.status) > weight(now.status))
        day.status = before.status;
    day.compliant = before.compliant && now.compliant;
    for (std::size_t at = 0; at < before.violations.size();) {
        const auto end = std::min(before.violations.find(' ', at), before.violations.size());
        const auto type = before.violations.substr(at, end - at);
        if (day.violations.find(type) == std::string::npos)
            day.violations += (day.violations.empty() ? "" : " ") + type;
        at = end + 1;
    }
    return day;
}

ComplianceDay dayOf(const ComplianceReport& report, const TargetStatus& target, const std::string& day) {
    ComplianceDay found{report.target, day, target.status, report.compliant, {}};
    for (const auto& violation : report.violations)
        found.violations += (found.violations.empty() ? "" : " ") + violation.type;
    return found;
}
/// Repositories that only a check can clear, and the first reason for each.
std::map<Uuid, std::string> doubtsOf(const std::vector<TargetStatus>& targets) {
    std::map<Uuid, std::string> all;
    for (const auto& target : targets) {
        if (target.disabled || target.mode != "agent" || !target.repositoryId)
            continue;
        const auto& check = target.lights.check;
        const auto& backup = target.lights.backup;
        if (check.state == "warning" || check.state == "bad")
            all.emplace(*target.repositoryId, check.reason.value_or(""));
        else if (backup.state == "warning" && backup.reason == "DoubtfulBackup")
            all.emplace(*target.repositoryId, *backup.reason);
    }
    return all;
}
} // namespace

ComplianceEvaluator::ComplianceEvaluator(core::db::Database& database, const core::Clock& clock,
                                         core::event::Bus& events, const StatusService& status,
                                         core::Logger log, std::optional<core::milliseconds> kept)
    : database_(database), clock_(clock), events_(events), status_(status), log_(std::move(log)),
      kept_(kept) {}

void ComplianceEvaluator::run(const Fence& fence) {
    std::exception_ptr failure;
    std::optional<Uuid> tenant;
    for (;;) {
        tenant = database_.read(core::SystemContext("compliance"),
                                [&](Transaction& tx) { return ComplianceStore::tenantAfter(tx, tenant); });
        if (!tenant)
            break;
        try {
            evaluateTenant(*tenant, fence);
        } catch (const core::Error& error) {
            if (error.name() == core::errors::kLeaseLost.name)
                throw;
            log_.error("a tenant's compliance cannot be evaluated",
                       {{"tenant_id", tenant->toString()},
                        {"error", errors::kComplianceCheckFailed.name},
                        {"reason", error.what()}});
            if (!failure)
                failure = std::current_exception();
        }
    }
    if (failure)
        std::rethrow_exception(failure);
}

void ComplianceEvaluator::evaluateTenant(const Uuid& tenant, const Fence& fence) {
    database_.transact(core::TenantContext(tenant), [&](Transaction& tx) {
        fence(tx);
        const Instant now = clock_.now();
        Days today(now);
        std::map<std::pair<Uuid, std::string>, OpenViolation> open;
        for (auto& one : ComplianceStore::open(tx))
            open.emplace(std::pair(one.target, one.type), std::move(one));
        const auto targets = status_.all(tx);
        std::map<std::pair<Uuid, std::string>, ComplianceDay> known;
        // Around the world it is at most three days at once.
        const auto dayAt = [&](std::chrono::hours away) {
            return core::localDay(now + away, *core::findTimeZone("UTC"));
        };
        for (auto& day :
             ComplianceStore::days(tx, dayAt(std::chrono::hours(-24)), dayAt(std::chrono::hours(24))))
            known.emplace(std::pair(day.target, day.day), std::move(day));
        std::vector<ComplianceDay> changed;
        for (const auto& target : targets) {
            if (target.disabled)
                continue;
            const auto report = evaluate(target, now);
            for (const auto& violation : report.violations) {
                const auto was = open.find({report.target, violation.type});
                if (was == open.end()) {
                    ComplianceStore::begin(tx, report, violation, now);
                    events_.publishWith(tx, events::PolicyViolation{tenant, report.target, report.policy,
                                                                    violation.type, violation.severity,
                                                                    violation.description, now});
                    continue;
                }
                if (was->second.severity != violation.severity ||
                    was->second.description != violation.description)
                    ComplianceStore::change(tx, report.target, violation);
                open.erase(was);
            }
            const auto fresh = dayOf(report, target, today.of(target.timezone.value_or("UTC")));
            const auto was = known.find({fresh.target, fresh.day});
            const auto wanted = was == known.end() ? fresh : joined(was->second, fresh);
            if (was == known.end() || was->second.status != wanted.status ||
                was->second.compliant != wanted.compliant || was->second.violations != wanted.violations)
                changed.push_back(wanted);
        }
        ComplianceStore::record(tx, changed); // at the first of a day all of them
        if (doubt_)
            for (const auto& [repository, why] : doubtsOf(targets))
                doubt_(tx, repository, why);
        // What is left was not found again.
        for (const auto& [key, one] : open)
            ComplianceStore::end(tx, one.target, one.type, now);
        if (kept_)
            ComplianceStore::prune(tx, core::localDay(now - *kept_, *core::findTimeZone("UTC")),
                                   now - *kept_);
    });
}

} // namespace restic
