#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/export.h"
#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"

/// Wire types: the shape of what crosses a wire, declared once. A declaration is a table of fields that the
/// engine in core/base uses to parse, to validate (every problem at once, each with its JSON pointer), to
/// serialise and to write the JSON schema. Only the thin accessors are templates.
///
///     struct Login { std::string email; std::string password; };
///     const core::wire::Type& wireType(const Login*) {
///         static const auto type = core::wire::object<Login>("Login", core::wire::strict)
///             .field("email", &Login::email, {.doc = "The address to sign in with", .minLength = 3})
///             .field("password", &Login::password, {.secret = true})
///             .build();
///         return type;
///     }
namespace core::wire {

class Type;

/// strict: unknown fields are errors (the API of people). tolerant: they are ignored (agents, restic).
enum class Strictness { strict, tolerant };
inline constexpr Strictness strict = Strictness::strict;
inline constexpr Strictness tolerant = Strictness::tolerant;

/// What a field must satisfy beyond its C++ type, and what documents it. Limits on a list's items apply to
/// each item; `minItems`/`maxItems` to the list.
struct Rules {
    std::string doc = {};
    /// May be absent although its C++ type is not std::optional: the member keeps its default.
    bool optional = false;
    /// Written only when present (std::optional) or not empty (text, lists, maps).
    bool omitEmpty = false;
    /// Documented as write-only and never written.
    bool secret = false;
    std::optional<std::int64_t> min = {};
    std::optional<std::int64_t> max = {};
    std::size_t minLength = 0;
    std::size_t maxLength = 65536;
    std::size_t minItems = 0;
    std::size_t maxItems = 10000;
    /// The only values that text may have; empty allows all.
    std::vector<std::string> oneOf = {};
    /// The schema's `format`, for readers only ("email", "uri").
    std::string format = {};
    std::string example = {};
    /// For fields of raw JSON: what they hold, or null. Documented only, never checked.
    const Type& (*shape)() = nullptr;
    bool shapeIsList = false;
    /// The same where it is one of several.
    std::vector<const Type& (*)()> shapes = {};
    /// Returns what is wrong with the text, or nullopt.
    std::function<std::optional<std::string>(const std::string&)> check = {};
};

/// Collects the problems of one document while the engine walks it.
class CORE_EXPORT Reader {
public:
    void problem(std::string message) { problems_.push_back({pointer_, std::move(message)}); }
    void push(std::string_view segment);
    void pop(std::size_t length) { pointer_.resize(length); }
    [[nodiscard]] std::size_t mark() const noexcept { return pointer_.size(); }
    [[nodiscard]] std::vector<Problem>& problems() noexcept { return problems_; }
    /// True while reading query parameters: every value is text, and numbers are read from it.
    bool fromText = false;

private:
    std::string pointer_;
    std::vector<Problem> problems_;
};

/// How one C++ type is read, written and described. Static tables; not for use outside declarations.
struct Codec {
    void (*read)(const json::Value&, void* out, const Rules&, Reader&);
    void (*write)(const void* in, const Rules&, std::string& out);
    json::Object (*schema)(const Rules&, std::vector<const Type*>& used);
    bool (*empty)(const void* in);
    bool optional;
};

struct Field {
    std::string name;
    std::size_t offset;
    const Codec* codec;
    Rules rules;
    [[nodiscard]] bool required() const noexcept { return !codec->optional && !rules.optional; }
};

/// One declared object type. Immutable and with static storage: declarations return references to it.
class CORE_EXPORT Type {
public:
    Type(std::string name, Strictness strictness, std::string doc, std::vector<Field> fields);
    ~Type();
    Type(const Type&) = delete;
    Type& operator=(const Type&) = delete;
    Type(Type&&) noexcept;

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const std::string& doc() const noexcept { return doc_; }
    [[nodiscard]] Strictness strictness() const noexcept { return strictness_; }
    [[nodiscard]] const std::vector<Field>& fields() const noexcept { return fields_; }

    /// Reads into a default-constructed object of the declared C++ type.
    void read(const json::Value& value, void* object, Reader& reader) const;
    /// Appends the object's JSON text.
    void write(const void* object, std::string& out) const;
    /// The JSON schema of this type; types it refers to are appended to `used` and referred to as
    /// "#/components/schemas/NAME".
    [[nodiscard]] json::Object schema(std::vector<const Type*>& used) const;

private:
    std::string name_;
    std::string doc_;
    Strictness strictness_;
    std::vector<Field> fields_;
    std::vector<std::string> keys_; ///< what stands before each field's value: ,"name":
};

namespace detail {
CORE_EXPORT extern const Codec kBoolean, kInt, kInt64, kUint64, kDouble, kString, kInstant, kUuid, kJson,
    kJsonText, kJsonObject;

template <typename T>
struct CodecOf;

CORE_EXPORT void readList(const json::Value& value, void* list, const Rules& rules, Reader& reader,
                          void* (*append)(void*), const Codec& item);
CORE_EXPORT void readMap(const json::Value& value, void* map, const Rules& rules, Reader& reader,
                         void* (*insert)(void*, const std::string&), const Codec& item);
CORE_EXPORT void writeKey(std::string_view key, bool first, std::string& out);

template <typename T>
concept Declared = requires(const T* t) {
    { wireType(t) } -> std::same_as<const Type&>;
};

#define CORE_WIRE_SCALAR(type, codec)                                                                        \
    template <>                                                                                              \
    struct CodecOf<type> {                                                                                   \
        static const Codec& get() {                                                                          \
            return codec;                                                                                    \
        }                                                                                                    \
    };
CORE_WIRE_SCALAR(bool, kBoolean)
CORE_WIRE_SCALAR(int, kInt)
CORE_WIRE_SCALAR(std::int64_t, kInt64)
CORE_WIRE_SCALAR(std::uint64_t, kUint64)
CORE_WIRE_SCALAR(double, kDouble)
CORE_WIRE_SCALAR(std::string, kString)
CORE_WIRE_SCALAR(Instant, kInstant)
CORE_WIRE_SCALAR(Uuid, kUuid)
CORE_WIRE_SCALAR(json::Value, kJson)
CORE_WIRE_SCALAR(json::Text, kJsonText)
CORE_WIRE_SCALAR(json::Object, kJsonObject)
#undef CORE_WIRE_SCALAR

template <Declared T>
struct CodecOf<T> {
    static const Type& type() { return wireType(static_cast<const T*>(nullptr)); }
    static const Codec& get() {
        static const Codec codec{
            [](const json::Value& value, void* out, const Rules&, Reader& reader) {
                type().read(value, out, reader);
            },
            [](const void* in, const Rules&, std::string& out) { type().write(in, out); },
            [](const Rules&, std::vector<const Type*>& used) {
                used.push_back(&type());
                return json::Object{{"$ref", "#/components/schemas/" + type().name()}};
            },
            [](const void*) { return false; }, false};
        return codec;
    }
};

template <typename T>
struct CodecOf<std::optional<T>> {
    static const Codec& get() {
        static const Codec codec{
            [](const json::Value& value, void* out, const Rules& rules, Reader& reader) {
                auto& target = *static_cast<std::optional<T>*>(out);
                if (value.isNull())
                    target.reset();
                else
                    CodecOf<T>::get().read(value, &target.emplace(), rules, reader);
            },
            [](const void* in, const Rules& rules, std::string& out) {
                const auto& source = *static_cast<const std::optional<T>*>(in);
                if (source)
                    CodecOf<T>::get().write(&*source, rules, out);
                else
                    out += "null";
            },
            [](const Rules& rules, std::vector<const Type*>& used) {
                auto schema = CodecOf<T>::get().schema(rules, used);
                if (schema.find("$ref") != nullptr)
                    return json::Object{{"anyOf", json::Array{json::Value(std::move(schema)),
                                                              json::Object{{"type", "null"}}}}};
                if (const auto* type = schema.find("type"); type != nullptr && type->string() != nullptr)
                    schema.set("type", json::Array{*type, "null"});
                return schema;
            },
            [](const void* in) { return !static_cast<const std::optional<T>*>(in)->has_value(); }, true};
        return codec;
    }
};

template <typename T>
struct CodecOf<std::vector<T>> {
    static const Codec& get() {
        static const Codec codec{
            [](const json::Value& value, void* out, const Rules& rules, Reader& reader) {
                readList(
                    value, out, rules, reader,
                    [](void* list) -> void* { return &static_cast<std::vector<T>*>(list)->emplace_back(); },
                    CodecOf<T>::get());
            },
            [](const void* in, const Rules& rules, std::string& out) {
                out += '[';
                bool first = true;
                for (const T& item : *static_cast<const std::vector<T>*>(in)) {
                    if (!first)
                        out += ',';
                    first = false;
                    CodecOf<T>::get().write(&item, rules, out);
                }
                out += ']';
            },
            [](const Rules& rules, std::vector<const Type*>& used) {
                json::Object schema{{"type", "array"}, {"items", CodecOf<T>::get().schema(rules, used)}};
                if (rules.minItems > 0)
                    schema.set("minItems", static_cast<std::int64_t>(rules.minItems));
                return schema;
            },
            [](const void* in) { return static_cast<const std::vector<T>*>(in)->empty(); }, false};
        return codec;
    }
};

template <typename T>
struct CodecOf<std::map<std::string, T>> {
    static const Codec& get() {
        static const Codec codec{
            [](const json::Value& value, void* out, const Rules& rules, Reader& reader) {
                readMap(
                    value, out, rules, reader,
                    [](void* map, const std::string& key) -> void* {
                        return &(*static_cast<std::map<std::string, T>*>(map))[key];
                    },
                    CodecOf<T>::get());
            },
            [](const void* in, const Rules& rules, std::string& out) {
                out += '{';
                bool first = true;
                for (const auto& [key, item] : *static_cast<const std::map<std::string, T>*>(in)) {
                    writeKey(key, first, out);
                    first = false;
                    CodecOf<T>::get().write(&item, rules, out);
                }
                out += '}';
            },
            [](const Rules& rules, std::vector<const Type*>& used) {
                return json::Object{{"type", "object"},
                                    {"additionalProperties", CodecOf<T>::get().schema(rules, used)}};
            },
            [](const void* in) { return static_cast<const std::map<std::string, T>*>(in)->empty(); }, false};
        return codec;
    }
};
} // namespace detail

/// Collects the fields of one declaration.
template <typename T>
class ObjectBuilder {
public:
    ObjectBuilder(std::string name, Strictness strictness, std::string doc)
        : name_(std::move(name)), strictness_(strictness), doc_(std::move(doc)) {}

    template <typename M>
    ObjectBuilder& field(std::string name, M T::*member, Rules rules = {}) {
        const T probe{};
        const auto offset = static_cast<std::size_t>(reinterpret_cast<const char*>(&(probe.*member)) -
                                                     reinterpret_cast<const char*>(&probe));
        fields_.push_back({std::move(name), offset, &detail::CodecOf<M>::get(), std::move(rules)});
        return *this;
    }
    /// All fields of another declaration whose C++ type is a base class of T.
    template <typename Base>
    ObjectBuilder& include() {
        static_assert(std::is_base_of_v<Base, T>);
        const T probe{};
        const auto shift =
            static_cast<std::size_t>(reinterpret_cast<const char*>(static_cast<const Base*>(&probe)) -
                                     reinterpret_cast<const char*>(&probe));
        for (Field copy : wireType(static_cast<const Base*>(nullptr)).fields()) {
            copy.offset += shift;
            fields_.push_back(std::move(copy));
        }
        return *this;
    }
    Type build() { return {std::move(name_), strictness_, std::move(doc_), std::move(fields_)}; }

private:
    std::string name_;
    Strictness strictness_;
    std::string doc_;
    std::vector<Field> fields_;
};

template <typename T>
ObjectBuilder<T> object(std::string name, Strictness strictness = strict, std::string doc = {}) {
    return {std::move(name), strictness, std::move(doc)};
}

/// The declaration of T.
template <detail::Declared T>
const Type& typeOf() {
    return wireType(static_cast<const T*>(nullptr));
}

/// The error for a document with problems: errors::kValidation, its details are the problems.
CORE_EXPORT Error validationError(std::vector<Problem> problems);

/// Reads a document; the error is errors::kMalformed (not JSON) or errors::kValidation (all problems).
template <detail::Declared T>
Result<T> read(const json::Value& document) {
    T object{};
    Reader reader;
    typeOf<T>().read(document, &object, reader);
    if (!reader.problems().empty())
        return validationError(std::move(reader.problems()));
    return object;
}
template <detail::Declared T>
Result<T> parse(std::string_view text, const json::ParseLimits& limits = {}) {
    auto document = json::parse(text, limits);
    if (!document)
        return document.error();
    return read<T>(document.value());
}

/// The object's JSON text.
template <detail::Declared T>
std::string write(const T& object) {
    std::string out;
    typeOf<T>().write(&object, out);
    return out;
}
/// The object as a value tree, where a part of a larger document is wanted.
template <detail::Declared T>
json::Value toJson(const T& object) {
    return json::parse(write(object)).value();
}

} // namespace core::wire
