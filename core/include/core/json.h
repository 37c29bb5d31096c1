#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/error.h"
#include "core/export.h"

namespace core::json {

class Value;
using Array = std::vector<Value>;
using Member = std::pair<std::string, Value>;

/// The members of an object in the order of the document; names are unique.
class CORE_EXPORT Object {
public:
    Object();
    Object(std::initializer_list<Member> members);
    Object(const Object&);
    Object(Object&&) noexcept;
    Object& operator=(const Object&);
    Object& operator=(Object&&) noexcept;
    ~Object();

    /// The member of that name, or null if there is none. Valid until the object changes.
    [[nodiscard]] const Value* find(std::string_view name) const noexcept;
    [[nodiscard]] Value* find(std::string_view name) noexcept;
    /// Adds the member, or replaces its value in place.
    void set(std::string name, Value value);
    bool erase(std::string_view name);
    [[nodiscard]] bool empty() const noexcept;
    [[nodiscard]] std::size_t size() const noexcept;
    [[nodiscard]] const std::vector<Member>& members() const noexcept { return members_; }
    bool operator==(const Object&) const;

private:
    friend struct Appender; // parse() knows already that a name is new
    std::vector<Member> members_;
};

/// One JSON value. Integers that fit 64 bits stay integers; other numbers are doubles.
class CORE_EXPORT Value {
public:
    using Storage = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object>;

    Value() noexcept;
    Value(std::nullptr_t) noexcept;
    Value(bool value) noexcept;
    Value(std::int64_t value) noexcept;
    Value(int value) noexcept;
    Value(double value) noexcept;
    Value(std::string value) noexcept;
    Value(std::string_view value);
    Value(const char* value);
    Value(Array value) noexcept;
    Value(Object value) noexcept;
    Value(const Value&);
    Value(Value&&) noexcept;
    Value& operator=(const Value&);
    Value& operator=(Value&&) noexcept;
    ~Value();

    [[nodiscard]] bool isNull() const noexcept;
    /// Each returns null unless the value is of that kind.
    [[nodiscard]] const bool* boolean() const noexcept;
    [[nodiscard]] const std::int64_t* integer() const noexcept;
    [[nodiscard]] const std::string* string() const noexcept;
    [[nodiscard]] const Array* array() const noexcept;
    [[nodiscard]] Array* array() noexcept;
    [[nodiscard]] const Object* object() const noexcept;
    [[nodiscard]] Object* object() noexcept;
    /// An integer or a double, as double.
    [[nodiscard]] std::optional<double> number() const noexcept;
    /// "null", "boolean", "number", "string", "array" or "object"
    [[nodiscard]] std::string_view kindName() const noexcept;

    /// The member of an object; null if this is no object or has no such member.
    [[nodiscard]] const Value* find(std::string_view name) const noexcept;
    /// Convenience for documents whose shape is known but not trusted: a default instead of a throw.
    [[nodiscard]] std::string stringOr(std::string_view name, std::string_view otherwise = {}) const;
    [[nodiscard]] std::int64_t integerOr(std::string_view name, std::int64_t otherwise = 0) const;
    [[nodiscard]] double numberOr(std::string_view name, double otherwise = 0) const;
    [[nodiscard]] bool booleanOr(std::string_view name, bool otherwise = false) const;

    [[nodiscard]] const Storage& storage() const noexcept { return storage_; }
    bool operator==(const Value&) const;

private:
    Storage storage_;
};

/// A value as its text, which was checked before: what a database keeps as JSON and an API passes on.
struct Text {
    std::string text = "null";
    bool operator==(const Text&) const = default;
};

/// Limits of what parse() takes.
struct ParseLimits {
    std::size_t maxBytes = 8U << 20U;
    int maxDepth = 64;
};

/// Parses one document whose top level is an object or an array. Refuses: malformed text, invalid UTF-8,
/// duplicate names, NUL in names or strings, numbers out of range, what exceeds the limits, very many very
/// small values (which would take twenty times the room of their text), anything after the document. The
/// error is errors::kMalformed and says where, never what the text contains.
CORE_EXPORT Result<Value> parse(std::string_view text, const ParseLimits& limits = {});

/// Compact text. Strings that are not UTF-8 are repaired, NaN and infinities become null.
CORE_EXPORT std::string write(const Value& value);
/// Appends the value's text.
CORE_EXPORT void write(const Value& value, std::string& out);
/// Indented text for people.
CORE_EXPORT std::string writePretty(const Value& value);
/// Appends a quoted, escaped string.
CORE_EXPORT void writeString(std::string_view text, std::string& out);
/// Appends the shortest text that reads back as the same number; "null" for NaN and infinities.
CORE_EXPORT void writeNumber(double value, std::string& out);

} // namespace core::json
