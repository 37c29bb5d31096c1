#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/json.h"

namespace restic {

/// Lets nobody else change the row until this unit of work ends. SQLite has one writer anyway.
inline void lockRow(core::db::Transaction& tx, const std::string& table, const core::Uuid& id) {
    if (tx.dialect() == core::db::Dialect::postgresql)
        tx.query("SELECT id FROM " + table + " WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
                 {tx.tenant(), id});
}

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

/// Puts together the WHERE of a list: conditions are constants, values are parameters.
class Query {
public:
    explicit Query(std::string select) : sql_(std::move(select)) {}

    /// `condition` contains one "?" for the value.
    void where(std::string_view condition, core::db::Param value) {
        params_.push_back(std::move(value));
        std::string text(condition);
        text.replace(text.find('?'), 1, "$" + std::to_string(params_.size()));
        plain(text);
    }
    void plain(std::string_view condition) {
        sql_ += first_ ? " WHERE " : " AND ";
        first_ = false;
        sql_ += condition;
    }
    /// Newest first by (key, id), one row more than the page holds.
    void page(const std::string& key, const core::http::PageQuery& page) {
        if (page.after) {
            const auto cursor = core::http::Cursor::decode(*page.after);
            params_.emplace_back(cursor.key);
            params_.emplace_back(cursor.id);
            plain("(" + key + ", id) < ($" + std::to_string(params_.size() - 1) + ", $" +
                  std::to_string(params_.size()) + ")");
        }
        sql_ += " ORDER BY " + key + " DESC, id DESC LIMIT " + std::to_string(page.limit + 1);
    }
    [[nodiscard]] core::db::Rows run(core::db::Transaction& tx) const { return tx.query(sql_, params_); }

private:
    std::string sql_;
    core::db::Params params_;
    bool first_ = true;
};

} // namespace restic
