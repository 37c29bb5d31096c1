#include "database.h"

#include <cstdlib>

#include "quoting.h"

namespace postgres {

std::vector<Database> databasesOf(const Server& server) {
    // Columns that came with later versions are read as JSON: absent ones are NULL.
    const auto rows = server.rows(server.maintenance(), R"(
SELECT d.datname, d.datallowconn, d.datistemplate,
       pg_catalog.has_database_privilege(d.oid, 'CONNECT'),
       CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT')
            THEN pg_catalog.pg_database_size(d.oid) ELSE 0 END,
       pg_catalog.pg_get_userbyid(d.datdba), pg_catalog.pg_encoding_to_char(d.encoding),
       coalesce(j->>'datcollate', ''), coalesce(j->>'datctype', ''),
       CASE coalesce(j->>'datlocprovider', 'c') WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
       coalesce(j->>'datlocale', j->>'daticulocale', '')
FROM pg_catalog.pg_database d, LATERAL (SELECT pg_catalog.to_jsonb(d) AS j) AS x
ORDER BY 1)",
                                  11);
    std::vector<Database> out;
    out.reserve(rows.size());
    for (const auto& row : rows)
        out.push_back({row[0], row[1] == "t", row[2] == "t", row[3] == "t",
                       std::strtoull(row[4].c_str(), nullptr, 10), row[5], row[6], row[7], row[8], row[9],
                       row[10]});
    return out;
}

std::string optionsFrom(const agent::plugin::Json& item) {
    const auto text = [&](const char* name) { return item.value(name, std::string()); };
    if (text("encoding").empty())
        return {};
    auto out = " WITH TEMPLATE = template0 ENCODING = " + literal(text("encoding"));
    const auto provider = text("provider");
    if (!provider.empty() && provider != "libc")
        out += " LOCALE_PROVIDER = " + provider +
               (provider == "icu" ? " ICU_LOCALE = " : " BUILTIN_LOCALE = ") + literal(text("locale"));
    if (!text("collate").empty())
        out += " LC_COLLATE = " + literal(text("collate"));
    if (!text("ctype").empty())
        out += " LC_CTYPE = " + literal(text("ctype"));
    return out;
}

} // namespace postgres
