#include "compliance/compliance_store.h"

namespace restic {

using core::Instant;
using core::Uuid;
using core::db::Transaction;

std::optional<Uuid> ComplianceStore::tenantAfter(Transaction& tx, const std::optional<Uuid>& tenant) {
    const auto rows =
        tenant ? tx.query("SELECT tenant_id FROM restic_targets WHERE tenant_id > $1 ORDER BY tenant_id "
                          "LIMIT 1",
                          {*tenant})
               : tx.query("SELECT tenant_id FROM restic_targets ORDER BY tenant_id LIMIT 1");
    return rows.empty() ? std::nullopt : std::optional(rows[0].uuid(0));
}

std::vector<OpenViolation> ComplianceStore::open(Transaction& tx) {
    std::vector<OpenViolation> all;
    for (const auto& row : tx.query(
             "SELECT target_id, type, severity, description, since_us FROM restic_policy_violations WHERE "
             "tenant_id = $1 AND ended_at_us IS NULL ORDER BY target_id, type",
             {tx.tenant()}))
        all.push_back({row.uuid(0), row.text(1), row.text(2), row.text(3), row.instant(4)});
    return all;
}

void ComplianceStore::begin(Transaction& tx, const ComplianceReport& report, const PolicyViolation& violation,
                            Instant now) {
    tx.execute("INSERT INTO restic_policy_violations (id, tenant_id, target_id, policy_id, type, severity, "
               "description, since_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
               {Uuid::generate(now), tx.tenant(), report.target, report.policy, violation.type,
                violation.severity, violation.description, now});
}

void ComplianceStore::change(Transaction& tx, const Uuid& target, const PolicyViolation& violation) {
    tx.execute("UPDATE restic_policy_violations SET severity = $4, description = $5 WHERE tenant_id = $1 AND "
               "target_id = $2 AND type = $3 AND ended_at_us IS NULL",
               {tx.tenant(), target, violation.type, violation.severity, violation.description});
}

void ComplianceStore::end(Transaction& tx, const Uuid& target, const std::string& type, Instant now) {
    tx.execute("UPDATE restic_policy_violations SET ended_at_us = $4 WHERE tenant_id = $1 AND target_id = $2 "
               "AND type = $3 AND ended_at_us IS NULL",
               {tx.tenant(), target, type, now});
}

std::vector<ComplianceDay> ComplianceStore::days(Transaction& tx, const std::string& from,
                                                 const std::string& until,
                                                 const std::optional<Uuid>& target) {
    core::db::Params params{tx.tenant(), from, until};
    std::string statement =
        "SELECT target_id, day, status, compliant, violations FROM restic_compliance_days "
        "WHERE tenant_id = $1 AND day >= $2 AND day <= $3";
    if (target) {
        statement += " AND target_id = $4";
        params.emplace_back(*target);
    }
    std::vector<ComplianceDay> all;
    for (const auto& row : tx.query(statement + " ORDER BY target_id, day", params))
        all.push_back({row.uuid(0), row.text(1), row.text(2), row.boolean(3), row.text(4)});
    return all;
}

void ComplianceStore::record(Transaction& tx, const std::vector<ComplianceDay>& days) {
    constexpr std::size_t kAtOnce = 200;
    std::vector<core::db::Statement> statements;
    for (const auto& day : days) {
        statements.push_back({"INSERT INTO restic_compliance_days (tenant_id, target_id, day, status, "
                              "compliant, violations) VALUES "
                              "($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, target_id, day) DO UPDATE "
                              "SET status = $4, compliant "
                              "= $5, violations = $6",
                              {tx.tenant(), day.target, day.day, day.status, day.compliant, day.violations}});
        if (statements.size() < kAtOnce)
            continue;
        tx.batch(statements);
        statements.clear();
    }
    if (!statements.empty())
        tx.batch(statements);
}

void ComplianceStore::prune(Transaction& tx, const std::string& before, Instant endedBefore) {
    tx.execute("DELETE FROM restic_compliance_days WHERE tenant_id = $1 AND day < $2", {tx.tenant(), before});
    tx.execute("DELETE FROM restic_policy_violations WHERE tenant_id = $1 AND ended_at_us < $2",
               {tx.tenant(), endedBefore});
}

} // namespace restic
