#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/db/database.h"
#include "core/db/value.h"
#include "core/error.h"
#include "core/json.h"
#include "core/wire.h"

/// Rows to structs and back, declared once for each entity: a Table is a list of columns, each with the
/// member that it fills. A new field is one line there (and a migration).
///
///     const Table<Policy> kTable("restic_policies", {
///         column("id", &Policy::id, Use::fixed),
///         column("name", &Policy::name),
///         column("created_at_us", &Policy::createdAt, Use::fixed)});
///     for (const auto& row : tx.query(kTable.select() + " WHERE tenant_id = $1", {tx.tenant()}))
///         all.push_back(kTable.read(row));
namespace core::db {

/// How a member of that type stands in a column. `read` may leave what is there, the member's default: a JSON
/// document that was edited by hand or damaged must not take down the list that it is in.
template <typename T>
struct Cell;

namespace detail {
/// The document in the column if it is of the same kind as `like`.
inline std::optional<json::Value> documentLike(const Row& row, std::size_t column, const json::Value& like) {
    if (row.isNull(column))
        return std::nullopt;
    try {
        auto value = row.json(column);
        if (like.isNull() || value.kindName() == like.kindName())
            return value;
    } catch (const core::Error&) { // unreadable: as if it were not there
    }
    return std::nullopt;
}
} // namespace detail

#define CORE_DB_CELL(type, expression)                                                                       \
    template <>                                                                                              \
    struct Cell<type> {                                                                                      \
        static void read(const Row& row, std::size_t column, type& out) {                                    \
            out = (expression);                                                                              \
        }                                                                                                    \
        static Param write(const type& value) {                                                              \
            return value;                                                                                    \
        }                                                                                                    \
    };
CORE_DB_CELL(bool, row.boolean(column))
CORE_DB_CELL(int, static_cast<int>(row.integer(column)))
CORE_DB_CELL(std::int64_t, row.integer(column))
CORE_DB_CELL(double, row.real(column))
CORE_DB_CELL(std::string, row.text(column))
CORE_DB_CELL(Uuid, row.uuid(column))
CORE_DB_CELL(Instant, row.instant(column))
#undef CORE_DB_CELL

template <typename T>
struct Cell<std::optional<T>> {
    static void read(const Row& row, std::size_t column, std::optional<T>& out) {
        if (row.isNull(column))
            out.reset();
        else
            Cell<T>::read(row, column, out.emplace());
    }
    static Param write(const std::optional<T>& value) {
        return value ? Cell<T>::write(*value) : Param(nullptr);
    }
};

template <>
struct Cell<json::Value> {
    static void read(const Row& row, std::size_t column, json::Value& out) {
        if (auto value = detail::documentLike(row, column, out))
            out = std::move(*value);
    }
    /// Null is no document.
    static Param write(const json::Value& value) { return value.isNull() ? Param(nullptr) : Param(value); }
};

template <>
struct Cell<std::vector<std::string>> {
    static void read(const Row& row, std::size_t column, std::vector<std::string>& out) {
        out.clear();
        if (const auto value = detail::documentLike(row, column, json::Array()))
            for (const auto& item : *value->array())
                if (item.string() != nullptr)
                    out.push_back(*item.string());
    }
    static Param write(const std::vector<std::string>& value) {
        json::Array list;
        for (const auto& item : value)
            list.emplace_back(item);
        return json::Value(std::move(list));
    }
};

template <>
struct Cell<std::map<std::string, std::string>> {
    static void read(const Row& row, std::size_t column, std::map<std::string, std::string>& out) {
        out.clear();
        if (const auto value = detail::documentLike(row, column, json::Object()))
            for (const auto& [name, item] : value->object()->members())
                out[name] = item.string() != nullptr ? *item.string() : std::string();
    }
    static Param write(const std::map<std::string, std::string>& value) {
        json::Object object;
        for (const auto& [name, item] : value)
            object.set(name, item);
        return json::Value(std::move(object));
    }
};

/// A wire type is its document; what it refuses leaves the member as it is.
template <wire::detail::Declared T>
struct Cell<T> {
    static void read(const Row& row, std::size_t column, T& out) {
        if (const auto value = detail::documentLike(row, column, json::Object()))
            if (auto object = wire::read<T>(*value))
                out = std::move(object).value();
    }
    static Param write(const T& value) { return wire::write(value); }
};

enum class Use {
    changeable, ///< read, inserted and updated
    fixed,      ///< read and inserted
    readOnly,   ///< written by other statements, or by nobody
    insertOnly  ///< inserted and never read
};

template <typename Entity>
struct Column {
    std::string name; ///< or an expression, where it is only read
    Use use;
    std::function<void(const Row&, std::size_t, Entity&)> read;
    std::function<Param(const Entity&)> write;
};

template <typename Entity, typename Member>
Column<Entity> column(std::string name, Member Entity::*member, Use use = Use::changeable) {
    return {std::move(name), use,
            [member](const Row& row, std::size_t i, Entity& entity) {
                Cell<Member>::read(row, i, entity.*member);
            },
            [member](const Entity& entity) { return Cell<Member>::write(entity.*member); }};
}

/// A member of a type that has words of its own in the database, such as a state: `parse` gives an optional
/// or a Result of it, and what it refuses is an error of the row.
template <typename Entity, typename Member, typename Parse, typename ToText>
Column<Entity> column(std::string name, Member Entity::*member, Parse parse, ToText toText,
                      Use use = Use::changeable) {
    return {std::move(name), use,
            [member, parse](const Row& row, std::size_t i, Entity& entity) {
                entity.*member = parse(row.text(i)).value();
            },
            [member, toText](const Entity& entity) { return Param(toText(entity.*member)); }};
}

/// The columns of one entity in a table whose rows belong to tenants (tenant_id, id). Immutable.
template <typename Entity>
class Table {
public:
    Table(std::string name, std::vector<Column<Entity>> columns)
        : name_(std::move(name)), columns_(std::move(columns)) {
        // The rows of an entity that knows its tenant may be written for all tenants at once.
        ownTenant_ = std::none_of(columns_.begin(), columns_.end(), [](const auto& column) {
            return column.name == "tenant_id" && column.use != Use::readOnly;
        });
        std::string inserted = ownTenant_ ? "tenant_id" : "", values = ownTenant_ ? "$1" : "";
        int next = ownTenant_ ? 2 : 1;
        for (const auto& column : columns_) {
            if (column.use != Use::insertOnly)
                columnList_ += (columnList_.empty() ? "" : ", ") + column.name;
            if (column.use == Use::readOnly)
                continue;
            inserted += (inserted.empty() ? "" : ", ") + column.name;
            values += (values.empty() ? "$" : ", $") + std::to_string(next++);
        }
        insert_ = "INSERT INTO " + name_ + " (" + inserted + ") VALUES (" + values + ")";
    }

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// "id, name, …": in the order in which read() takes them.
    [[nodiscard]] const std::string& columns() const noexcept { return columnList_; }
    [[nodiscard]] std::string select() const { return "SELECT " + columnList_ + " FROM " + name_; }

    /// The entity of a row that begins with its columns. Throws core::Error for a value of the wrong type.
    [[nodiscard]] Entity read(const Row& row) const {
        Entity entity{};
        std::size_t i = 0;
        for (const auto& column : columns_)
            if (column.use != Use::insertOnly)
                column.read(row, i++, entity);
        return entity;
    }
    [[nodiscard]] std::optional<Entity> readFirst(const Rows& rows) const {
        return rows.empty() ? std::nullopt : std::optional(read(rows[0]));
    }
    [[nodiscard]] std::vector<Entity> readAll(const Rows& rows) const {
        std::vector<Entity> all;
        all.reserve(rows.size());
        for (const auto& row : rows)
            all.push_back(read(row));
        return all;
    }
    /// As a row of the transaction's tenant, or of the entity's own. `conflict` is what follows the values,
    /// such as "ON CONFLICT DO NOTHING". False if no row was made. Throws ConstraintViolation.
    bool insert(Transaction& tx, const Entity& entity, const std::string& conflict = {}) const {
        Params params;
        if (ownTenant_)
            params.emplace_back(tx.tenant());
        for (const auto& column : columns_)
            if (column.use != Use::readOnly)
                params.push_back(column.write(entity));
        return tx.execute(conflict.empty() ? insert_ : insert_ + " " + conflict, params) > 0;
    }
    /// What is changeable of the row with that id, or those of its columns alone. False if there is no such
    /// row.
    bool update(Transaction& tx, const Uuid& id, const Entity& entity,
                const std::vector<std::string_view>& only = {}) const {
        Params params{tx.tenant(), id};
        std::string changes;
        for (const auto& column : columns_) {
            const bool wanted = only.empty() ? column.use == Use::changeable
                                             : std::find(only.begin(), only.end(), column.name) != only.end();
            if (!wanted)
                continue;
            params.push_back(column.write(entity));
            changes += (changes.empty() ? "" : ", ") + column.name + " = $" + std::to_string(params.size());
        }
        return tx.execute("UPDATE " + name_ + " SET " + changes + " WHERE tenant_id = $1 AND id = $2",
                          params) > 0;
    }

private:
    std::string name_;
    std::vector<Column<Entity>> columns_;
    bool ownTenant_ = true;
    std::string columnList_, insert_;
};

} // namespace core::db
