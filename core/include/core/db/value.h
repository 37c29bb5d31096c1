#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/export.h"
#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"

namespace core::db {

/// Raw bytes: `bytea` on PostgreSQL, BLOB on SQLite.
struct Bytes {
    std::string data;
};

/// One bound parameter. Instants are bound as microseconds, UUIDs as text (PostgreSQL infers `uuid`), JSON
/// values as text. Bound by value.
class Param {
public:
    using Storage = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Bytes>;

    Param(std::nullptr_t) : value_(nullptr) {}
    Param(bool value) : value_(value) {}
    Param(int value) : value_(std::int64_t{value}) {}
    Param(std::int64_t value) : value_(value) {}
    Param(std::uint64_t value) : value_(static_cast<std::int64_t>(value)) {}
    Param(double value) : value_(value) {}
    Param(std::string value) : value_(std::move(value)) {}
    Param(std::string_view value) : value_(std::string(value)) {}
    Param(const char* value) : value_(std::string(value)) {}
    Param(Bytes value) : value_(std::move(value)) {}
    Param(const Uuid& value) : value_(value.toString()) {}
    Param(Instant value) : value_(toMicros(value)) {}
    Param(const json::Value& value) : value_(json::write(value)) {}
    template <typename T>
    Param(const std::optional<T>& value) : value_(value ? Param(*value).value_ : Storage(nullptr)) {}

    [[nodiscard]] const Storage& storage() const noexcept { return value_; }

private:
    Storage value_;
};
using Params = std::vector<Param>;

/// One row of a result. Columns are read by position; reading NULL as a plain type, or text that is no number
/// as a number, throws core::Error(kInternal): it is a mistake of the query, never silently 0.
class CORE_EXPORT Row {
public:
    using Cell = std::variant<std::nullptr_t, std::int64_t, double, std::string>;
    explicit Row(std::vector<Cell> cells) : cells_(std::move(cells)) {}

    [[nodiscard]] std::size_t size() const noexcept { return cells_.size(); }
    [[nodiscard]] bool isNull(std::size_t column) const;
    [[nodiscard]] const std::string& text(std::size_t column) const;
    [[nodiscard]] std::int64_t integer(std::size_t column) const;
    [[nodiscard]] double real(std::size_t column) const;
    [[nodiscard]] bool boolean(std::size_t column) const;
    [[nodiscard]] Uuid uuid(std::size_t column) const;
    /// Of the years 1 to 9999: what is stored outside of them is the nearest of these.
    [[nodiscard]] Instant instant(std::size_t column) const;
    [[nodiscard]] json::Value json(std::size_t column) const;
    /// Of a column that the database itself checks: jsonb, or one that only this project's JSON is written
    /// to. NULL is "null".
    [[nodiscard]] json::Text jsonText(std::size_t column) const;
    /// Raw bytes of a bytea/BLOB column.
    [[nodiscard]] std::string bytes(std::size_t column) const;

    [[nodiscard]] std::optional<std::string> optionalText(std::size_t column) const;
    [[nodiscard]] std::optional<std::int64_t> optionalInteger(std::size_t column) const;
    [[nodiscard]] std::optional<double> optionalReal(std::size_t column) const;
    [[nodiscard]] std::optional<Uuid> optionalUuid(std::size_t column) const;
    [[nodiscard]] std::optional<Instant> optionalInstant(std::size_t column) const;

private:
    [[nodiscard]] const Cell& at(std::size_t column) const;
    std::vector<Cell> cells_;
};

/// What one statement answered.
struct Rows {
    std::vector<Row> rows;
    std::int64_t affected = 0; ///< rows inserted, updated or deleted

    [[nodiscard]] bool empty() const noexcept { return rows.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return rows.size(); }
    [[nodiscard]] const Row& operator[](std::size_t i) const { return rows.at(i); }
    [[nodiscard]] auto begin() const { return rows.begin(); }
    [[nodiscard]] auto end() const { return rows.end(); }
};

} // namespace core::db
