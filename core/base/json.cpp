#include "core/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace core::json {

Object::Object() = default;
Object::Object(std::initializer_list<Member> members) : members_(members) {}
Object::Object(const Object&) = default;
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(const Object&) = default;
Object& Object::operator=(Object&&) noexcept = default;
Object::~Object() = default;

const Value* Object::find(std::string_view name) const noexcept {
    for (const auto& [key, value] : members_)
        if (key == name)
            return &value;
    return nullptr;
}
Value* Object::find(std::string_view name) noexcept {
    for (auto& [key, value] : members_)
        if (key == name)
            return &value;
    return nullptr;
}
void Object::set(std::string name, Value value) {
    if (Value* present = find(name))
        *present = std::move(value);
    else
        members_.emplace_back(std::move(name), std::move(value));
}
bool Object::erase(std::string_view name) {
    return std::erase_if(members_, [&](const Member& member) { return member.first == name; }) > 0;
}
bool Object::empty() const noexcept {
    return members_.empty();
}
std::size_t Object::size() const noexcept {
    return members_.size();
}
bool Object::operator==(const Object& other) const {
    if (members_.size() != other.members_.size())
        return false;
    return std::all_of(members_.begin(), members_.end(), [&](const Member& member) {
        const Value* value = other.find(member.first);
        return value != nullptr && *value == member.second;
    });
}

Value::Value() noexcept : storage_(nullptr) {}
Value::Value(std::nullptr_t) noexcept : storage_(nullptr) {}
Value::Value(bool value) noexcept : storage_(value) {}
Value::Value(std::int64_t value) noexcept : storage_(value) {}
Value::Value(int value) noexcept : storage_(std::int64_t{value}) {}
Value::Value(double value) noexcept : storage_(value) {}
Value::Value(std::string value) noexcept : storage_(std::move(value)) {}
Value::Value(std::string_view value) : storage_(std::string(value)) {}
Value::Value(const char* value) : storage_(std::string(value)) {}
Value::Value(Array value) noexcept : storage_(std::move(value)) {}
Value::Value(Object value) noexcept : storage_(std::move(value)) {}
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

bool Value::isNull() const noexcept {
    return std::holds_alternative<std::nullptr_t>(storage_);
}
const bool* Value::boolean() const noexcept {
    return std::get_if<bool>(&storage_);
}
const std::int64_t* Value::integer() const noexcept {
    return std::get_if<std::int64_t>(&storage_);
}
const std::string* Value::string() const noexcept {
    return std::get_if<std::string>(&storage_);
}
const Array* Value::array() const noexcept {
    return std::get_if<Array>(&storage_);
}
Array* Value::array() noexcept {
    return std::get_if<Array>(&storage_);
}
const Object* Value::object() const noexcept {
    return std::get_if<Object>(&storage_);
}
Object* Value::object() noexcept {
    return std::get_if<Object>(&storage_);
}
std::optional<double> Value::number() const noexcept {
    if (const auto* integer = std::get_if<std::int64_t>(&storage_))
        return static_cast<double>(*integer);
    if (const auto* real = std::get_if<double>(&storage_))
        return *real;
    return std::nullopt;
}
std::string_view Value::kindName() const noexcept {
    constexpr std::string_view kNames[] = {"null",   "boolean", "number", "number",
                                           "string", "array",   "object"};
    return kNames[storage_.index()];
}
const Value* Value::find(std::string_view name) const noexcept {
    const Object* members = object();
    return members != nullptr ? members->find(name) : nullptr;
}
std::string Value::stringOr(std::string_view name, std::string_view otherwise) const {
    const Value* value = find(name);
    const std::string* text = value != nullptr ? value->string() : nullptr;
    return text != nullptr ? *text : std::string(otherwise);
}
std::int64_t Value::integerOr(std::string_view name, std::int64_t otherwise) const {
    const Value* value = find(name);
    const std::int64_t* number = value != nullptr ? value->integer() : nullptr;
    return number != nullptr ? *number : otherwise;
}
double Value::numberOr(std::string_view name, double otherwise) const {
    const Value* value = find(name);
    return value != nullptr ? value->number().value_or(otherwise) : otherwise;
}
bool Value::booleanOr(std::string_view name, bool otherwise) const {
    const Value* value = find(name);
    const bool* flag = value != nullptr ? value->boolean() : nullptr;
    return flag != nullptr ? *flag : otherwise;
}
bool Value::operator==(const Value& other) const {
    return storage_ == other.storage_;
}

} // namespace core::json
