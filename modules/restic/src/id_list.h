#pragma once

#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/json.h"
#include "core/uuid.h"

namespace restic {

/// Several ids as one parameter.
inline core::db::Param idList(const std::vector<core::Uuid>& ids) {
    core::json::Array list;
    for (const auto& id : ids)
        list.emplace_back(id.toString());
    return core::json::Value(std::move(list));
}
/// The ids of that parameter as a table with the column id. With CROSS JOIN behind it SQLite goes from these
/// to the rows, in that order.
inline std::string idsIn(const core::db::Transaction& tx, const std::string& parameter) {
    return tx.dialect() == core::db::Dialect::postgresql
               ? "(SELECT value::uuid AS id FROM jsonb_array_elements_text(" + parameter + "::jsonb))"
               : "(SELECT value AS id FROM json_each(" + parameter + "))";
}

/// Several texts as one parameter, and those of that parameter behind IN.
inline core::db::Param textList(const std::vector<std::string>& texts) {
    return core::json::Value(core::json::Array(texts.begin(), texts.end()));
}
inline std::string textsIn(const core::db::Transaction& tx, const std::string& parameter) {
    return tx.dialect() == core::db::Dialect::postgresql
               ? "(SELECT jsonb_array_elements_text(" + parameter + "::jsonb))"
               : "(SELECT value FROM json_each(" + parameter + "))";
}

} // namespace restic
