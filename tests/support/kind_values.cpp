#include "support/kind_values.h"

#include <stdexcept>
#include <vector>

#include "core/encoding.h"

namespace test {

namespace {
using restic::protocol::RepositoryField;

bool takes(const RepositoryField& field, const std::string& value) {
    return !field.check || !field.check(value);
}

std::string placeFor(const RepositoryField& field, int number) {
    const auto text = std::to_string(number);
    for (const auto& one : {field.example.empty() ? "w" + text : field.example + text, "/p" + text})
        if (takes(field, one))
            return one;
    throw std::runtime_error("no value for the field " + field.name + ": kind_values.cpp needs one");
}
} // namespace

std::optional<std::string> valueWith(const RepositoryField& field, const std::string& word) {
    const auto account =
        core::json::Object{{"type", "service_account"}, {"client_email", "a@b"}, {"private_key", word}};
    auto even = word; // base64 without padding
    even.resize((word.size() + 2) / 3 * 3, 'x');
    const auto knownHost = "h ssh-ed25519 AAAAC3NzaC1lZDI1" + word;
    const auto key = "-----BEGIN TEST PRIVATE KEY-----\n" + word + "\n-----END TEST PRIVATE KEY-----\n";
    for (const auto& one : {word, core::base64UrlEncode(even), core::json::write(account), knownHost, key})
        if (takes(field, one))
            return one;
    return std::nullopt;
}

core::json::Object requiredFields(const restic::protocol::RepositoryKind& kind, int number) {
    core::json::Object fields;
    for (const auto& field : kind.fields)
        if (!field.secret && !field.range && (field.required || field.name == "path"))
            fields.set(field.name, placeFor(field, number));
    return fields;
}

void addPartners(const restic::protocol::RepositoryKind& kind, const RepositoryField& field,
                 const std::string& word, core::json::Object& fields) {
    for (const auto& one : kind.fields) {
        if (one.name != field.needs || fields.find(one.name) != nullptr)
            continue;
        fields.set(one.name, one.secret ? valueWith(one, word).value_or("") : placeFor(one, 1));
        addPartners(kind, one, word, fields);
    }
}

} // namespace test
