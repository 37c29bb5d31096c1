#include "core/db/value.h"

#include <algorithm>
#include <charconv>

#include "core/error.h"

namespace core::db {

namespace {

[[noreturn]] void fail(std::size_t column, const char* what) {
    throw Error(errors::kInternal, "The server failed to read its database")
        .withDetail("column " + std::to_string(column) + ": " + what);
}

template <typename T>
std::optional<T> number(const std::string& text) {
    T value{};
    const auto* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || at != end)
        return std::nullopt;
    return value;
}

} // namespace

const Row::Cell& Row::at(std::size_t column) const {
    if (column >= cells_.size())
        fail(column, "the result has fewer columns");
    return cells_[column];
}

bool Row::isNull(std::size_t column) const {
    return std::holds_alternative<std::nullptr_t>(at(column));
}

const std::string& Row::text(std::size_t column) const {
    const auto* value = std::get_if<std::string>(&at(column));
    if (value == nullptr)
        fail(column, isNull(column) ? "is NULL" : "is no text");
    return *value;
}

std::int64_t Row::integer(std::size_t column) const {
    const auto& cell = at(column);
    if (const auto* value = std::get_if<std::int64_t>(&cell))
        return *value;
    // sum(bigint) is numeric on PostgreSQL, which arrives as text.
    if (const auto* text = std::get_if<std::string>(&cell))
        if (const auto value = number<std::int64_t>(*text))
            return *value;
    fail(column, isNull(column) ? "is NULL" : "is no integer");
}

double Row::real(std::size_t column) const {
    const auto& cell = at(column);
    if (const auto* value = std::get_if<double>(&cell))
        return *value;
    if (const auto* value = std::get_if<std::int64_t>(&cell))
        return static_cast<double>(*value);
    if (const auto* text = std::get_if<std::string>(&cell))
        if (const auto value = number<double>(*text))
            return *value;
    fail(column, isNull(column) ? "is NULL" : "is no number");
}

bool Row::boolean(std::size_t column) const {
    const auto* value = std::get_if<std::int64_t>(&at(column));
    if (value == nullptr || (*value != 0 && *value != 1))
        fail(column, isNull(column) ? "is NULL" : "is no boolean");
    return *value == 1;
}

Uuid Row::uuid(std::size_t column) const {
    const auto id = Uuid::parse(text(column));
    if (!id)
        fail(column, "is no UUID");
    return *id;
}

Instant Row::instant(std::size_t column) const {
    // What no calendar knows (a damaged row) would overflow as soon as somebody counts with it.
    constexpr std::int64_t kYear1 = -62'135'596'800'000'000, kEndOfYear9999 = 253'402'300'799'999'999;
    return fromMicros(std::clamp(integer(column), kYear1, kEndOfYear9999));
}

json::Value Row::json(std::size_t column) const {
    constexpr json::ParseLimits kLimits{.maxBytes = 256U << 20U, .maxDepth = 128};
    const std::string& stored = text(column);
    // The parser takes documents; a column may also hold a bare null, number or text.
    const bool isDocument = stored.starts_with('{') || stored.starts_with('[');
    auto value = isDocument ? json::parse(stored, kLimits) : json::parse("[" + stored + "]", kLimits);
    if (value && isDocument)
        return std::move(value.value());
    if (!value || value.value().array()->size() != 1)
        fail(column, "is no JSON value");
    return std::move(value.value().array()->front());
}

json::Text Row::jsonText(std::size_t column) const {
    return isNull(column) ? json::Text{} : json::Text{text(column)};
}

std::string Row::bytes(std::size_t column) const {
    return text(column);
}

std::optional<std::string> Row::optionalText(std::size_t column) const {
    return isNull(column) ? std::nullopt : std::optional(text(column));
}
std::optional<std::int64_t> Row::optionalInteger(std::size_t column) const {
    return isNull(column) ? std::nullopt : std::optional(integer(column));
}
std::optional<double> Row::optionalReal(std::size_t column) const {
    return isNull(column) ? std::nullopt : std::optional(real(column));
}
std::optional<Uuid> Row::optionalUuid(std::size_t column) const {
    return isNull(column) ? std::nullopt : std::optional(uuid(column));
}
std::optional<Instant> Row::optionalInstant(std::size_t column) const {
    return isNull(column) ? std::nullopt : std::optional(instant(column));
}

} // namespace core::db
