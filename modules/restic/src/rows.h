#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/db/value.h"
#include "core/error.h"
#include "core/json.h"

namespace restic {

/// A column that holds JSON of the fallback's kind. What is of another kind or cannot be read (a row that was
/// edited by hand, a damaged file) is the fallback: one bad row must not take down the list that it is in.
inline core::json::Value jsonOr(const core::db::Row& row, std::size_t column, core::json::Value fallback) {
    if (row.isNull(column))
        return fallback;
    try {
        auto value = row.json(column);
        if (value.kindName() == fallback.kindName())
            return value;
    } catch (const core::Error&) {
    }
    return fallback;
}

/// A time, nothing if it is none. SQLite takes text where a number belongs; what is read for all tenants at
/// once must not end at one such row.
inline std::optional<core::Instant> instantOrNull(const core::db::Row& row, std::size_t column) {
    try {
        return row.optionalInstant(column);
    } catch (const core::Error&) {
        return std::nullopt;
    }
}

/// The same as jsonOr for a column that may hold anything: null if it cannot be read.
inline core::json::Value jsonOrNull(const core::db::Row& row, std::size_t column) {
    try {
        return row.isNull(column) ? core::json::Value() : row.json(column);
    } catch (const core::Error&) {
        return {};
    }
}

/// ["a","b"] as a list of text; anything else gives an empty list.
inline std::vector<std::string> toStrings(const core::json::Value& value) {
    std::vector<std::string> list;
    if (const auto* items = value.array())
        for (const auto& item : *items)
            if (item.string() != nullptr)
                list.push_back(*item.string());
    return list;
}

} // namespace restic
