#include "privileges.h"

#include <cstdlib>
#include <set>

#include "hints.h"
#include "quoting.h"

namespace postgres {
namespace {
/// What pg_dump locks or reads: also tables of extensions whose rows belong to the dump.
constexpr const char* kRelations = R"(
WITH relations AS (
  SELECT c.oid, c.relname, c.relkind, n.oid AS schema, n.nspname, c.relowner, c.relrowsecurity,
         c.relforcerowsecurity
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND (NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                     AND d.objid = c.oid AND d.deptype = 'e')
         OR c.oid IN (SELECT pg_catalog.unnest(extconfig) FROM pg_catalog.pg_extension)))
)";

std::string readStatement(const Server& server, const std::set<std::string>& schemas) {
    const auto& user = server.access().user;
    if (server.major() >= 14)
        return grantReading(user);
    std::string out;
    for (const auto& schema : schemas) {
        const auto in = identifier(schema);
        const auto to = " TO " + identifier(user) + "; ";
        out += "GRANT USAGE ON SCHEMA " + in + to + "GRANT SELECT ON ALL TABLES IN SCHEMA " + in + to +
               "GRANT SELECT ON ALL SEQUENCES IN SCHEMA " + in + to;
    }
    if (out.ends_with(' '))
        out.pop_back();
    return out;
}

void addUnreadable(const Server& server, const std::string& database, std::vector<MissingRight>& out) {
    const auto rows = server.rows(database, std::string(kRelations) + R"(
SELECT CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, nspname, relname, count(*) OVER ()
FROM relations
WHERE NOT pg_catalog.has_schema_privilege(schema, 'USAGE')
   OR (relkind = 'S' AND NOT pg_catalog.has_sequence_privilege(oid, 'SELECT'))
   OR (relkind <> 'S' AND NOT pg_catalog.has_table_privilege(oid, 'SELECT'))
ORDER BY relkind = 'S', 2, 3 LIMIT 1000)",
                                  4);
    if (rows.empty())
        return;
    std::set<std::string> schemas;
    for (const auto& row : rows)
        schemas.insert(row[1]);
    const auto others = std::strtoull(rows.front()[3].c_str(), nullptr, 10) - 1;
    out.push_back({"The role " + named(server.access().user) + " may not read the " + rows.front()[0] + " " +
                       named(rows.front()[1] + "." + rows.front()[2]) +
                       (others > 0 ? " and " + std::to_string(others) + " more" : std::string()),
                   readStatement(server, schemas)});
}

void addRowSecurity(const Server& server, const std::string& database, std::vector<MissingRight>& out) {
    const auto rows = server.rows(database, std::string(kRelations) + R"(
SELECT nspname, relname FROM relations
WHERE relrowsecurity
  AND NOT (SELECT rolbypassrls OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
  AND (relforcerowsecurity OR NOT pg_catalog.pg_has_role(relowner, 'USAGE'))
ORDER BY 1, 2 LIMIT 1)",
                                  2);
    if (!rows.empty())
        out.push_back({"The role " + named(server.access().user) + " would not see all rows of the table " +
                           named(rows.front()[0] + "." + rows.front()[1]) + ", which has row security",
                       "ALTER ROLE " + identifier(server.access().user) + " BYPASSRLS;"});
}

void addLargeObjects(const Server& server, const std::string& database, std::vector<MissingRight>& out) {
    const auto rows = server.rows(database, R"(
SELECT lo.oid, count(*) OVER ()
FROM pg_catalog.pg_largeobject_metadata lo
WHERE NOT pg_catalog.pg_has_role(lo.lomowner, 'USAGE')
  AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
  AND pg_catalog.current_setting('lo_compat_privileges') = 'off'
  AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(lo.lomacl) a
                  WHERE a.privilege_type = 'SELECT'
                    AND (a.grantee = 0 OR pg_catalog.pg_has_role(a.grantee, 'USAGE')))
ORDER BY 1 LIMIT 1)",
                                  2);
    if (rows.empty())
        return;
    const auto count = std::strtoull(rows.front()[1].c_str(), nullptr, 10);
    const auto user = identifier(server.access().user);
    out.push_back({"The role " + named(server.access().user) + " may not read the large object " +
                       rows.front()[0] + (count > 1 ? " and " + std::to_string(count - 1) + " more" : ""),
                   count == 1
                       ? "GRANT SELECT ON LARGE OBJECT " + rows.front()[0] + " TO " + user + ";"
                       : "DO $$ DECLARE lo oid; BEGIN FOR lo IN SELECT oid FROM pg_largeobject_metadata "
                         "LOOP EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO %I', lo, " +
                             literal(server.access().user) + "); END LOOP; END $$;"});
}
} // namespace

std::vector<MissingRight> missingRights(const Server& server, const std::string& database) {
    std::vector<MissingRight> out;
    if (server.superuser())
        return out;
    addUnreadable(server, database, out);
    addRowSecurity(server, database, out);
    addLargeObjects(server, database, out);
    return out;
}

} // namespace postgres
