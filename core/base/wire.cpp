#include "core/wire.h"

#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace core::wire {

void Reader::push(std::string_view segment) {
    pointer_ += '/';
    for (const char c : segment) { // RFC 6901
        if (c == '~')
            pointer_ += "~0";
        else if (c == '/')
            pointer_ += "~1";
        else
            pointer_ += c;
    }
}

Type::Type(std::string name, Strictness strictness, std::string doc, std::vector<Field> fields)
    : name_(std::move(name)), doc_(std::move(doc)), strictness_(strictness), fields_(std::move(fields)) {
    keys_.reserve(fields_.size());
    for (const Field& field : fields_)
        detail::writeKey(field.name, false, keys_.emplace_back());
}
Type::~Type() = default;
Type::Type(Type&&) noexcept = default;

void Type::read(const json::Value& value, void* object, Reader& reader) const {
    const json::Object* members = value.object();
    if (members == nullptr) {
        reader.problem(fmt::format("must be an object, not {}", value.kindName()));
        return;
    }
    for (const Field& field : fields_) {
        const json::Value* member = members->find(field.name);
        const auto mark = reader.mark();
        reader.push(field.name);
        if (member == nullptr) {
            if (field.required())
                reader.problem("is required");
        } else if (member->isNull() && field.rules.optional && !field.codec->optional) {
            // An optional field with a default takes null as "the default".
        } else {
            field.codec->read(*member, static_cast<char*>(object) + field.offset, field.rules, reader);
        }
        reader.pop(mark);
    }
    if (strictness_ == Strictness::tolerant)
        return;
    constexpr std::size_t kNamed = 100; // an answer must not be larger than what it answers
    std::size_t unknown = 0;
    for (const auto& [name, ignored] : members->members()) {
        bool known = false;
        for (const Field& field : fields_)
            known = known || field.name == name;
        if (!known && ++unknown <= kNamed) {
            const auto mark = reader.mark();
            reader.push(name);
            reader.problem("is not a known field");
            reader.pop(mark);
        }
    }
    if (unknown > kNamed)
        reader.problem(fmt::format("has {} more fields that are not known", unknown - kNamed));
}

void Type::write(const void* object, std::string& out) const {
    out += '{';
    std::size_t comma = 1; // there is none before the first
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        const Field& field = fields_[i];
        const void* member = static_cast<const char*>(object) + field.offset;
        if (field.rules.secret || (field.rules.omitEmpty && field.codec->empty(member)))
            continue;
        out.append(keys_[i], std::exchange(comma, 0));
        field.codec->write(member, field.rules, out);
    }
    out += '}';
}

json::Object Type::schema(std::vector<const Type*>& used) const {
    json::Object properties;
    json::Array required;
    for (const Field& field : fields_) {
        auto property = field.codec->schema(field.rules, used);
        if (property.find("$ref") == nullptr) { // siblings of $ref are ignored by many readers
            if (!field.rules.doc.empty())
                property.set("description", field.rules.doc);
            if (field.rules.secret)
                property.set("writeOnly", true);
            if (!field.rules.example.empty())
                property.set("example", field.rules.example);
        }
        properties.set(field.name, std::move(property));
        if (field.required())
            required.emplace_back(field.name);
    }
    json::Object schema{{"type", "object"}, {"properties", std::move(properties)}};
    if (!doc_.empty())
        schema.set("description", doc_);
    if (!required.empty())
        schema.set("required", std::move(required));
    if (strictness_ == Strictness::strict)
        schema.set("additionalProperties", false);
    return schema;
}

Error validationError(std::vector<Problem> problems) {
    std::string message = problems.size() == 1 ? "One field is not valid: "
                                               : fmt::format("{} fields are not valid: ", problems.size());
    const auto& first = problems.front();
    message += (first.pointer.empty() ? std::string("the document") : first.pointer) + " " + first.message +
               (first.message.ends_with('.') ? "" : ".");
    return Error(errors::kValidation, message, std::move(problems));
}

namespace detail {

void writeKey(std::string_view key, bool first, std::string& out) {
    if (!first)
        out += ',';
    json::writeString(key, out);
    out += ':';
}

void readList(const json::Value& value, void* list, const Rules& rules, Reader& reader,
              void* (*append)(void*), const Codec& item) {
    json::Array single;
    const json::Array* items = value.array();
    if (items == nullptr && reader.fromText) {
        single.push_back(value);
        items = &single;
    }
    if (items == nullptr) {
        reader.problem(fmt::format("must be an array, not {}", value.kindName()));
        return;
    }
    if (items->size() < rules.minItems)
        reader.problem(fmt::format("must have at least {} items", rules.minItems));
    if (items->size() > rules.maxItems) {
        reader.problem(fmt::format("must have at most {} items", rules.maxItems));
        return;
    }
    for (std::size_t i = 0; i < items->size(); ++i) {
        const auto mark = reader.mark();
        reader.push(std::to_string(i));
        item.read((*items)[i], append(list), rules, reader);
        reader.pop(mark);
    }
}

void readMap(const json::Value& value, void* map, const Rules& rules, Reader& reader,
             void* (*insert)(void*, const std::string&), const Codec& item) {
    const json::Object* members = value.object();
    if (members == nullptr) {
        reader.problem(fmt::format("must be an object, not {}", value.kindName()));
        return;
    }
    if (members->size() > rules.maxItems) {
        reader.problem(fmt::format("must have at most {} members", rules.maxItems));
        return;
    }
    for (const auto& [name, member] : members->members()) {
        const auto mark = reader.mark();
        reader.push(name);
        item.read(member, insert(map, name), rules, reader);
        reader.pop(mark);
    }
}

namespace {
std::optional<std::int64_t> integerOf(const json::Value& value, Reader& reader) {
    if (const auto* number = value.integer())
        return *number;
    if (reader.fromText && value.string() != nullptr) {
        const std::string& text = *value.string();
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error == std::errc{} && end == text.data() + text.size() && !text.empty())
            return number;
    }
    reader.problem(
        fmt::format("must be an integer{}", value.number() ? "" : fmt::format(", not {}", value.kindName())));
    return std::nullopt;
}

bool inRange(double number, const Rules& rules, Reader& reader) {
    if (rules.min && number < static_cast<double>(*rules.min)) {
        reader.problem(fmt::format("must be at least {}", *rules.min));
        return false;
    }
    if (rules.max && number > static_cast<double>(*rules.max)) {
        reader.problem(fmt::format("must be at most {}", *rules.max));
        return false;
    }
    return true;
}

template <typename T>
void readInteger(const json::Value& value, void* out, const Rules& rules, Reader& reader) {
    const auto number = integerOf(value, reader);
    if (!number || !inRange(static_cast<double>(*number), rules, reader))
        return;
    if (!std::in_range<T>(*number)) {
        reader.problem("is out of range");
        return;
    }
    *static_cast<T*>(out) = static_cast<T>(*number);
}

json::Object numberSchema(std::string_view type, const Rules& rules) {
    json::Object schema{{"type", type}};
    if (rules.min)
        schema.set("minimum", *rules.min);
    if (rules.max)
        schema.set("maximum", *rules.max);
    return schema;
}
json::Object integerSchema(const Rules& rules, std::vector<const Type*>&) {
    return numberSchema("integer", rules);
}

template <typename T>
void writeInteger(const void* in, const Rules&, std::string& out) {
    out += std::to_string(*static_cast<const T*>(in));
}
bool neverEmpty(const void*) {
    return false;
}

void readBoolean(const json::Value& value, void* out, const Rules&, Reader& reader) {
    if (const bool* flag = value.boolean())
        *static_cast<bool*>(out) = *flag;
    else if (reader.fromText && value.string() != nullptr &&
             (*value.string() == "true" || *value.string() == "false"))
        *static_cast<bool*>(out) = *value.string() == "true";
    else
        reader.problem(fmt::format("must be true or false, not {}", value.kindName()));
}

void readDouble(const json::Value& value, void* out, const Rules& rules, Reader& reader) {
    const auto number = value.number();
    if (!number)
        reader.problem(fmt::format("must be a number, not {}", value.kindName()));
    else if (inRange(*number, rules, reader))
        *static_cast<double*>(out) = *number;
}

void readString(const json::Value& value, void* out, const Rules& rules, Reader& reader) {
    const std::string* text = value.string();
    if (text == nullptr) {
        reader.problem(fmt::format("must be text, not {}", value.kindName()));
        return;
    }
    if (text->size() < rules.minLength) {
        reader.problem(rules.minLength == 1
                           ? std::string("must not be empty")
                           : fmt::format("must have at least {} characters", rules.minLength));
    } else if (text->size() > rules.maxLength) {
        reader.problem(fmt::format("must have at most {} characters", rules.maxLength));
    } else if (!rules.oneOf.empty()) {
        for (const auto& allowed : rules.oneOf)
            if (*text == allowed) {
                *static_cast<std::string*>(out) = *text;
                return;
            }
        reader.problem(fmt::format("must be one of {}", fmt::join(rules.oneOf, ", ")));
    } else if (auto wrong = rules.check ? rules.check(*text) : std::nullopt) {
        reader.problem(std::move(*wrong));
    } else {
        *static_cast<std::string*>(out) = *text;
    }
}

json::Object rawSchema(const Rules& rules, std::vector<const Type*>& used) {
    if (!rules.shapes.empty()) {
        json::Array any;
        for (const auto shape : rules.shapes) {
            used.push_back(&shape());
            any.emplace_back(json::Object{{"$ref", "#/components/schemas/" + shape().name()}});
        }
        any.emplace_back(json::Object{{"type", "null"}});
        return {{"anyOf", std::move(any)}};
    }
    if (rules.shape == nullptr)
        return {};
    used.push_back(&rules.shape());
    json::Object shape{{"$ref", "#/components/schemas/" + rules.shape().name()}};
    if (rules.shapeIsList)
        return {{"type", "array"}, {"items", std::move(shape)}};
    return {
        {"anyOf", json::Array{json::Value(std::move(shape)), json::Value(json::Object{{"type", "null"}})}}};
}

json::Object stringSchema(const Rules& rules, std::vector<const Type*>&) {
    json::Object schema{{"type", "string"}};
    if (!rules.format.empty())
        schema.set("format", rules.format);
    if (rules.minLength > 0)
        schema.set("minLength", static_cast<std::int64_t>(rules.minLength));
    if (rules.maxLength != Rules{}.maxLength)
        schema.set("maxLength", static_cast<std::int64_t>(rules.maxLength));
    if (!rules.oneOf.empty()) {
        json::Array values;
        for (const auto& allowed : rules.oneOf)
            values.emplace_back(allowed);
        schema.set("enum", std::move(values));
    }
    return schema;
}

void readInstant(const json::Value& value, void* out, const Rules&, Reader& reader) {
    const auto instant = value.string() != nullptr ? parseInstant(*value.string()) : std::nullopt;
    if (instant)
        *static_cast<Instant*>(out) = *instant;
    else
        reader.problem("must be an RFC 3339 time like 2026-01-31T02:00:00Z");
}

void readUuid(const json::Value& value, void* out, const Rules&, Reader& reader) {
    const auto id = value.string() != nullptr ? Uuid::parse(*value.string()) : std::nullopt;
    if (id)
        *static_cast<Uuid*>(out) = *id;
    else
        reader.problem("must be a UUID");
}

void readJsonObject(const json::Value& value, void* out, const Rules&, Reader& reader) {
    if (const auto* object = value.object())
        *static_cast<json::Object*>(out) = *object;
    else
        reader.problem(fmt::format("must be an object, not {}", value.kindName()));
}
} // namespace

const Codec kBoolean{readBoolean,
                     [](const void* in, const Rules&, std::string& out) {
                         out += *static_cast<const bool*>(in) ? "true" : "false";
                     },
                     [](const Rules&, std::vector<const Type*>&) {
                         return json::Object{{"type", "boolean"}};
                     },
                     neverEmpty, false};
const Codec kInt{readInteger<int>, writeInteger<int>, integerSchema, neverEmpty, false};
const Codec kInt64{readInteger<std::int64_t>, writeInteger<std::int64_t>, integerSchema, neverEmpty, false};
const Codec kUint64{readInteger<std::uint64_t>, writeInteger<std::uint64_t>, integerSchema, neverEmpty,
                    false};
const Codec kDouble{
    readDouble,
    [](const void* in, const Rules&, std::string& out) {
        json::writeNumber(*static_cast<const double*>(in), out);
    },
    [](const Rules& rules, std::vector<const Type*>&) { return numberSchema("number", rules); }, neverEmpty,
    false};
const Codec kString{readString,
                    [](const void* in, const Rules&, std::string& out) {
                        json::writeString(*static_cast<const std::string*>(in), out);
                    },
                    stringSchema, [](const void* in) { return static_cast<const std::string*>(in)->empty(); },
                    false};
const Codec kInstant{readInstant,
                     [](const void* in, const Rules&, std::string& out) {
                         out.append(1, '"').append(formatInstant(*static_cast<const Instant*>(in))) += '"';
                     },
                     [](const Rules&, std::vector<const Type*>&) {
                         return json::Object{{"type", "string"}, {"format", "date-time"}};
                     },
                     neverEmpty, false};
const Codec kUuid{readUuid,
                  [](const void* in, const Rules&, std::string& out) {
                      out.append(1, '"').append(static_cast<const Uuid*>(in)->toString()) += '"';
                  },
                  [](const Rules&, std::vector<const Type*>&) {
                      return json::Object{{"type", "string"}, {"format", "uuid"}};
                  },
                  [](const void* in) { return static_cast<const Uuid*>(in)->isNil(); }, false};
const Codec kJson{[](const json::Value& value, void* out, const Rules&, Reader&) {
                      *static_cast<json::Value*>(out) = value;
                  },
                  [](const void* in, const Rules&, std::string& out) {
                      json::write(*static_cast<const json::Value*>(in), out);
                  },
                  rawSchema, [](const void* in) { return static_cast<const json::Value*>(in)->isNull(); },
                  false};
const Codec kJsonText{
    [](const json::Value& value, void* out, const Rules&, Reader&) {
        static_cast<json::Text*>(out)->text = json::write(value);
    },
    [](const void* in, const Rules&, std::string& out) { out += static_cast<const json::Text*>(in)->text; },
    rawSchema, [](const void* in) { return *static_cast<const json::Text*>(in) == json::Text{}; }, false};
const Codec kJsonObject{readJsonObject,
                        [](const void* in, const Rules&, std::string& out) {
                            json::write(json::Value(*static_cast<const json::Object*>(in)), out);
                        },
                        [](const Rules& rules, std::vector<const Type*>& used) {
                            if (!rules.shapes.empty() || rules.shape != nullptr)
                                return rawSchema(rules, used);
                            return json::Object{{"type", "object"}, {"additionalProperties", true}};
                        },
                        [](const void* in) { return static_cast<const json::Object*>(in)->empty(); }, false};

} // namespace detail
} // namespace core::wire
