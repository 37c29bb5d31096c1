#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/db/database.h"
#include "core/error.h"
#include "core/http/page.h"

namespace core::http {

/// Puts together the WHERE of a list: conditions are constants, values are parameters.
class ListQuery {
public:
    explicit ListQuery(std::string select) : sql_(std::move(select)) {}

    /// `condition` contains one "?" for the value.
    void where(std::string_view condition, db::Param value) {
        params_.push_back(std::move(value));
        std::string text(condition);
        text.replace(text.find('?'), 1, "$" + std::to_string(params_.size()));
        plain(text);
    }
    void whereNull(std::string_view column) { plain(std::string(column) + " IS NULL"); }
    void whereNotNull(std::string_view column) { plain(std::string(column) + " IS NOT NULL"); }
    /// A word of a small, fixed set ("failed"), written into the statement: as a parameter PostgreSQL would
    /// plan for an average word, and read everything to find a rare one. Throws kValidation for what is no
    /// word of lower-case letters, so that nothing else gets into the text.
    void whereWord(std::string_view column, const std::string& word) {
        if (word.empty() || word.size() > 32 ||
            word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != std::string::npos)
            throw Error(errors::kValidation,
                        "The filter " + std::string(column) + " takes a word of lower-case letters.");
        plain(std::string(column) + " = '" + word + "'");
    }
    void plain(std::string_view condition) {
        sql_ += first_ ? " WHERE " : " AND ";
        first_ = false;
        sql_ += condition;
    }
    /// Newest first by (key, id), one row more than the page holds. An index in that order, led by what the
    /// conditions name, makes each page cost the same.
    void page(const std::string& key, const PageQuery& page) {
        this->page(key, page.after ? std::optional(Cursor::decode(*page.after)) : std::nullopt, page.limit);
    }
    /// `id`: the column of the second place, where it is called differently.
    void page(const std::string& key, const std::optional<Cursor>& after, int limit,
              const std::string& id = "id") {
        if (after) {
            params_.emplace_back(after->key);
            params_.emplace_back(after->id);
            plain("(" + key + ", " + id + ") < ($" + std::to_string(params_.size() - 1) + ", $" +
                  std::to_string(params_.size()) + ")");
        }
        sql_ += " ORDER BY " + key + " DESC, " + id + " DESC LIMIT " + std::to_string(limit + 1);
    }
    [[nodiscard]] db::Rows run(db::Transaction& tx) const { return tx.query(sql_, params_); }

private:
    std::string sql_;
    db::Params params_;
    bool first_ = true;
};

} // namespace core::http
