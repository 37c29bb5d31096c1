#include "event/reference.h"

#include <algorithm>

#include <fmt/format.h>

namespace core::event {

namespace {
/// "string (uuid)", "string, null", "array of string", "Point"
std::string typeText(const json::Value& schema) {
    if (const auto* reference = schema.find("$ref"); reference != nullptr && reference->string() != nullptr)
        return reference->string()->substr(reference->string()->rfind('/') + 1);
    if (const auto* choices = schema.find("anyOf"); choices != nullptr && choices->array() != nullptr)
        return typeText(choices->array()->front()) + ", null";
    std::string text;
    if (const auto* type = schema.find("type"); type != nullptr && type->array() != nullptr) {
        for (const auto& one : *type->array())
            text += (text.empty() ? "" : ", ") + *one.string();
    } else {
        text = schema.stringOr("type", "any");
    }
    if (text == "array")
        text += " of " + typeText(*schema.find("items"));
    if (const auto format = schema.stringOr("format"); !format.empty())
        text += " (" + format + ")";
    return text;
}

std::string delivery(const Declaration& declaration) {
    if (declaration.durable)
        return declaration.crossHost ? "durable, on all hosts" : "durable";
    return declaration.crossHost ? "on all hosts" : "on its host";
}

json::Object schemaOf(const wire::Type& type) {
    std::vector<const wire::Type*> used;
    auto schema = type.schema(used);
    json::Object definitions;
    for (std::size_t i = 0; i < used.size(); ++i) // it grows
        if (definitions.find(used[i]->name()) == nullptr)
            definitions.set(used[i]->name(), used[i]->schema(used));
    if (!used.empty())
        schema.set("components", json::Object{{"schemas", std::move(definitions)}});
    return schema;
}
} // namespace

json::Value describe(const Catalogue& catalogue) {
    json::Array items;
    for (const auto& [key, entry] : catalogue.entries())
        items.push_back(json::Object{{"key", key},
                                     {"module", entry.module},
                                     {"name", entry.declaration.type->name()},
                                     {"doc", entry.declaration.type->doc()},
                                     {"cross_host", entry.declaration.crossHost},
                                     {"durable", entry.declaration.durable},
                                     {"schema", schemaOf(*entry.declaration.type)}});
    return json::Object{{"items", std::move(items)}};
}

std::string reference(const Catalogue& catalogue) {
    std::string out = "# Events of ae-backend\n\n"
                      "What modules tell each other, by key. An event reaches subscribers of the host on "
                      "which it happens; one "
                      "\"on all hosts\" those of the other hosts too, as far as they can be reached. A "
                      "\"durable\" one survives a "
                      "crash on its way to durable subscriptions: it is written with the change that it "
                      "tells of and delivered "
                      "at least once. [module-sdk.md](module-sdk.md) shows how to subscribe.\n";
    for (const auto& [key, entry] : catalogue.entries()) {
        const auto& type = *entry.declaration.type;
        out += fmt::format("\n## {}\n\n{}: {}. Delivered: {}.\n\n| field | type | meaning |\n|---|---|---|\n",
                           key, type.name(), type.doc(), delivery(entry.declaration));
        std::vector<const wire::Type*> used;
        for (const auto& field : type.fields()) {
            const json::Value schema = field.codec->schema(field.rules, used);
            out +=
                fmt::format("| `{}` | {}{} | {} |\n", field.name, typeText(schema),
                            field.required() || field.codec->optional ? "" : ", optional", field.rules.doc);
        }
    }
    return out;
}

} // namespace core::event
