#include "core/db/walls.h"

#include <fmt/format.h>

#include "core/error.h"

namespace core::db {

namespace {

constexpr auto kRole =
    "SELECT current_user::text, rolsuper, rolbypassrls, "
    "pg_has_role(current_user, 'ae_system', 'USAGE') FROM pg_roles WHERE rolname = current_user";

constexpr auto kTables =
    "SELECT c.relname::text, c.relrowsecurity, c.relforcerowsecurity, "
    "EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid "
    "  AND (SELECT oid FROM pg_roles WHERE rolname = 'ae_app') = ANY (p.polroles)), "
    "EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polroles @> ARRAY[0::oid]) "
    "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT "
    "a.attisdropped "
    "WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace ORDER BY c.relname";

void checkRole(const Row& row, bool tenantRole, std::vector<std::string>& findings) {
    const auto& role = row.text(0);
    if (row.boolean(1))
        findings.push_back(fmt::format("The role {} is a superuser, which ignores row security: "
                                       "run ALTER ROLE {} NOSUPERUSER",
                                       role, role));
    if (row.boolean(2))
        findings.push_back(
            fmt::format("The role {} bypasses row security: run ALTER ROLE {} NOBYPASSRLS", role, role));
    if (tenantRole && !row.boolean(1) && row.boolean(3))
        findings.push_back(fmt::format("The role {} has the rights of ae_system, which sees every tenant: "
                                       "run REVOKE ae_system FROM {}",
                                       role, role));
}

} // namespace

std::vector<std::string> checkWalls(Database& database) {
    std::vector<std::string> findings;
    if (database.dialect() != Dialect::postgresql)
        return findings;

    // Asked inside units of work: what counts is the role in effect there, whatever role the URL names.
    const auto asTenant = database.run(TenantContext(Uuid()), {{kRole}, {kTables}}, false);
    const auto asSystem = database.run(SystemContext("check of the walls"), {{kRole}}, false);
    checkRole(asTenant.at(0)[0], true, findings);
    if (asTenant.at(0)[0].text(0) == asSystem.at(0)[0].text(0))
        findings.emplace_back("Tenants and the system use one and the same role");
    else
        checkRole(asSystem.at(0)[0], false, findings);

    for (const auto& row : asTenant.at(1)) {
        const auto& table = row.text(0);
        if (!row.boolean(1))
            findings.push_back(fmt::format("Table {} has a tenant_id but no row security", table));
        else if (!row.boolean(2))
            findings.push_back(fmt::format("Table {} does not force row security on its owner", table));
        if (!row.boolean(3))
            findings.push_back(fmt::format("Table {} has no policy for ae_app", table));
        if (row.boolean(4))
            findings.push_back(fmt::format("Table {} has a policy for everybody", table));
    }
    return findings;
}

} // namespace core::db
