#pragma once

#include <string>
#include <vector>

#include "core/db/database.h"

namespace test {

/// Everything that migrations make, one line each in a fixed order, to compare two databases: tables,
/// columns, constraints, indexes and, on PostgreSQL, policies.
inline std::vector<std::string> schemaOf(core::db::Database& database) {
    // clang-format off: statements, one a line
    const std::vector<std::string> ofSqlite{
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY type, name"};
    const std::vector<std::string> ofPostgres{
        R"(SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' ||
           coalesce(column_default, '') FROM information_schema.columns WHERE table_schema = 'public'
           ORDER BY table_name, column_name)",
        R"(SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
           WHERE connamespace = 'public'::regnamespace ORDER BY 1)",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        R"(SELECT tablename || ' ' || policyname || ' ' || roles::text || ' ' || coalesce(qual, '') || ' ' ||
           coalesce(with_check, '') FROM pg_policies ORDER BY 1)"};
    // clang-format on
    const auto& queries = database.dialect() == core::db::Dialect::sqlite ? ofSqlite : ofPostgres;
    std::vector<std::string> lines;
    for (const auto& query : queries) {
        const auto results = database.run(core::SystemContext("test"), {{query}}, false);
        for (const auto& row : results.at(0))
            lines.push_back(row.text(0));
    }
    return lines;
}

} // namespace test
