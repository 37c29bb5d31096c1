#include "compliance/compliance_service.h"

#include <map>

namespace restic {

std::vector<ComplianceReport> ComplianceService::evaluateAll(core::db::Transaction& tx,
                                                             const std::optional<core::Uuid>& policy) const {
    const auto now = clock_.now();
    std::map<std::pair<core::Uuid, std::string>, core::Instant> since;
    for (const auto& open : ComplianceStore::open(tx))
        since.emplace(std::pair(open.target, open.type), open.since);
    std::vector<ComplianceReport> all;
    for (const auto& target : status_.all(tx)) {
        if (target.disabled || (policy && target.policyId != policy))
            continue;
        auto report = evaluate(target, now);
        for (auto& violation : report.violations)
            if (const auto known = since.find({report.target, violation.type}); known != since.end())
                violation.timestamp = known->second;
        all.push_back(std::move(report));
    }
    return all;
}

namespace {
std::string cell(const std::string& text) {
    std::string out;
    const bool isFormula =
        !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string::npos;
    if (isFormula)
        out = "'";
    out += text;
    if (out.find_first_of("\",\r\n") == std::string::npos)
        return out;
    std::string quoted = "\"";
    for (const char c : out)
        quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + '"';
}

std::string timeOr(const std::optional<core::Instant>& at) {
    return at ? core::formatInstant(*at) : std::string();
}
} // namespace

std::string asCsv(const std::vector<ComplianceReport>& reports) {
    std::string out =
        "target,policy,compliant,violations,severity,description,last_backup,snapshot_age_seconds,"
        "next_backup,retention_status,evaluated_at\r\n";
    for (const auto& one : reports) {
        std::string types, severities, texts;
        for (const auto& violation : one.violations) {
            const auto* const between = types.empty() ? "" : "; ";
            types += between + violation.type;
            severities += between + violation.severity;
            texts += between + violation.description;
        }
        for (const auto& text :
             {one.targetName, one.policyName.value_or(""), std::string(one.compliant ? "true" : "false"),
              types, severities, texts, timeOr(one.lastBackup),
              one.snapshotAgeSeconds ? std::to_string(*one.snapshotAgeSeconds) : std::string(),
              timeOr(one.nextBackup), one.retentionStatus})
            out += cell(text) + ",";
        out += cell(core::formatInstant(one.evaluatedAt)) + "\r\n";
    }
    return out;
}

} // namespace restic
