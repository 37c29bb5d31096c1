#include "restic/protocol/repository_config.h"

#include <algorithm>
#include <array>
#include <memory>

namespace restic::protocol {

namespace {
bool hasControlCharacters(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

constexpr std::size_t kMostFields = 32;
constexpr std::string_view kFile = "_file";

/// Where the wire type puts the fields of a kind: the n-th field of the type into the n-th slot.
struct Slot {
    std::string text; ///< of required ones
    std::optional<std::string> maybe;
    std::optional<int> number;
};
using Slots = std::array<Slot, kMostFields>;

/// A field of the type: of the kind, or the path of a file that holds a secret.
struct Part {
    const RepositoryField* field;
    bool isPath = false;
    [[nodiscard]] std::string name() const { return isPath ? field->name + std::string(kFile) : field->name; }
};

std::vector<Part> partsOf(const RepositoryKind& kind) {
    std::vector<Part> parts;
    for (const auto& field : kind.fields) {
        parts.push_back({&field});
        if (field.secret)
            parts.push_back({&field, true});
    }
    return parts;
}

/// A text that was read from a file of another system, or pasted with what stood around it.
std::string textOfFile(std::string text) {
    text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    std::erase(text, '\r');
    return text;
}

/// Whether the field is a part of restic's address: neither a variable nor a file of an option.
bool isOfAddress(const RepositoryField& field) {
    return field.variable.empty() && !field.secret && !field.name.ends_with(kFile);
}

std::string typeName(const std::string& kind) {
    auto name = kind;
    name.front() = static_cast<char>(name.front() - 'a' + 'A');
    return name + "RepositoryConfig";
}

} // namespace

core::wire::Type makeConfigType(const RepositoryKind& kind) {
    const auto slots = std::make_unique<Slots>();
    std::vector<core::wire::Field> fields;
    for (const auto& part : partsOf(kind)) {
        const auto& field = *part.field;
        core::wire::Rules rules;
        rules.doc = part.isPath ? "A file on the agent that holds it, instead of " + field.name : field.doc;
        rules.minLength = 1;
        rules.maxLength = field.asFile && !part.isPath ? 32768 : 4096;
        rules.example = part.isPath ? "" : field.example;
        rules.secret = field.secret && !part.isPath;
        if (part.isPath)
            rules.check = repositories::checkFilePath;
        else
            rules.check = field.check;
        if (field.range) {
            rules.min = field.range->first;
            rules.max = field.range->second;
        }
        // The wire type knows places, not members: the n-th field is in the n-th slot.
        const auto& slot = (*slots)[fields.size()];
        const bool isText = field.required && !part.isPath;
        const auto* place = field.range ? static_cast<const void*>(&slot.number)
                            : isText    ? static_cast<const void*>(&slot.text)
                                        : static_cast<const void*>(&slot.maybe);
        const auto offset = static_cast<std::size_t>(static_cast<const char*>(place) -
                                                     reinterpret_cast<const char*>(slots.get()));
        const auto& codec = field.range ? core::wire::detail::CodecOf<std::optional<int>>::get()
                            : isText    ? core::wire::detail::CodecOf<std::string>::get()
                                        : core::wire::detail::CodecOf<std::optional<std::string>>::get();
        fields.push_back({part.name(), offset, &codec, std::move(rules)});
    }
    return {typeName(kind.name), core::wire::strict, kind.doc, std::move(fields)};
}

core::Result<RepositoryConfig> readConfig(const RepositoryKind& kind, const core::json::Object& config,
                                          Address address) {
    const auto slots = std::make_unique<Slots>();
    core::wire::Reader reader;
    kind.config().read(core::json::Value(config), slots.get(), reader);
    auto problems = std::move(reader.problems());
    if (address != Address::inConfig) // what makes the address is not needed
        std::erase_if(problems, [&](const core::Problem& problem) {
            return std::any_of(kind.fields.begin(), kind.fields.end(), [&](const RepositoryField& field) {
                return isOfAddress(field) && problem.pointer == "/" + field.name &&
                       config.find(field.name) == nullptr;
            });
        });
    RepositoryConfig read;
    const auto parts = partsOf(kind);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto& field = *parts[i].field;
        const auto& slot = (*slots)[i];
        if (config.find(parts[i].name()) == nullptr)
            continue;
        if (address == Address::beside && isOfAddress(field)) {
            problems.push_back({"/" + field.name, "and url say the same; give one of them"});
            continue;
        }
        auto value = slot.number ? std::to_string(*slot.number) : slot.maybe.value_or(slot.text);
        if (value.empty())
            continue;
        if (parts[i].isPath) {
            if (read.secrets.contains(field.name))
                problems.push_back({"/" + parts[i].name(), "and " + field.name + " exclude each other"});
            read.files[field.name] = std::move(value);
        } else if (field.secret) {
            // A variable ends at a zero byte, and a key that was pasted with the end of its line opens
            // nothing.
            if (field.asFile)
                value = textOfFile(value);
            else if (hasControlCharacters(value))
                problems.push_back({"/" + field.name, "must be one line without control characters"});
            read.secrets[field.name] = std::move(value);
        } else
            read.values[field.name] = std::move(value);
    }
    // Options are made of the fields: of an address alone they would name nobody.
    if (address == Address::beside && kind.options != nullptr)
        for (const auto& part : parts)
            if (config.find(part.name()) != nullptr && !isOfAddress(*part.field))
                problems.push_back({"/" + part.name(), "needs the address in config instead of url"});
    if (!problems.empty())
        return core::wire::validationError(std::move(problems));
    return read;
}

std::vector<core::Problem> missingPartners(const RepositoryKind& kind, const RepositoryConfig& config,
                                           const std::vector<std::string>& kept) {
    const auto isThere = [&](const std::string& name) {
        return config.values.contains(name) || config.secrets.contains(name) || config.files.contains(name) ||
               std::find(kept.begin(), kept.end(), name) != kept.end();
    };
    std::vector<core::Problem> problems;
    for (const auto& field : kind.fields)
        if (!field.needs.empty() && isThere(field.name) && !isThere(field.needs))
            problems.push_back({"/" + field.needs, "is required with " + field.name});
    return problems;
}

std::vector<std::string> problemsOfAddress(const RepositoryKind& kind, std::string_view address) {
    std::vector<std::string> problems;
    if (kindOfAddress(address) != &kind)
        problems.push_back(kind.onDisk ? "must be an absolute path on the agent"
                                       : "must begin with \"" + kind.prefix + "\"");
    if (hasControlCharacters(address))
        problems.emplace_back("must be one line without control characters");
    if (address.ends_with(' '))
        problems.emplace_back("must not end with white space");
    if (!problems.empty())
        return problems;
    if (kind.onDisk) {
        if (auto problem = repositories::checkAbsolutePath(std::string(address.substr(address.find('/')))))
            problems.push_back(std::move(*problem));
        return problems;
    }
    // What restic hands on to other programs, and what everybody may read: no options, no parameters, no
    // passwords.
    const auto rest = address.substr(kind.prefix.size());
    const bool plain = std::all_of(rest.begin(), rest.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("._-/:@[]~+%").find(c) != std::string_view::npos;
    });
    if (!plain)
        problems.emplace_back("must consist of letters, digits, and . _ - / : @ [ ] ~ + %");
    char before = ':';
    for (const char c : rest) {
        if (c == '-' && std::string_view(":/@[").find(before) != std::string_view::npos) {
            problems.emplace_back("must not have a part that begins with \"-\"");
            break;
        }
        before = c;
    }
    if (rest.starts_with(':'))
        problems.emplace_back("must name what it is about before the first \":\"");
    const auto scheme = rest.find("://");
    const auto authority = rest.substr(scheme == std::string_view::npos ? 0 : scheme + 3);
    const auto at = authority.find('@');
    if (at != std::string_view::npos && authority.substr(0, at).find(':') != std::string_view::npos)
        problems.emplace_back("must not contain a password: config has fields for it");
    if (rest.empty())
        problems.push_back("must name a place behind \"" + kind.prefix + "\"");
    if (problems.empty() && kind.checkAddress != nullptr)
        if (auto problem = kind.checkAddress(std::string(rest)))
            problems.push_back(std::move(*problem));
    return problems;
}

core::json::Object plainConfig(const RepositoryKind& kind, const RepositoryConfig& config) {
    core::json::Object plain;
    for (const auto& field : kind.fields)
        if (const auto at = config.values.find(field.name); at != config.values.end())
            plain.set(field.name,
                      field.range ? core::json::Value(std::stoi(at->second)) : core::json::Value(at->second));
    for (const auto& [name, path] : config.files)
        plain.set(name + std::string(kFile), path);
    return plain;
}

RepositoryEnvironment environmentOf(const RepositoryKind& kind, const RepositoryConfig& config) {
    RepositoryEnvironment environment;
    environment.values = config.values;
    environment.values.insert(config.files.begin(), config.files.end());
    for (const auto& field : kind.fields) {
        if (const auto at = config.values.find(field.name); at != config.values.end())
            if (!field.variable.empty())
                environment.variables[field.variable] = at->second;
        if (const auto at = config.secrets.find(field.name); at != config.secrets.end()) {
            if (field.asFile)
                environment.asFiles[field.name] = {field.variable, at->second};
            else
                environment.variables[field.variable] = at->second;
        }
        if (const auto at = config.files.find(field.name); at != config.files.end()) {
            if (!field.asFile)
                environment.fromFiles[field.variable] = at->second;
            else if (!field.variable.empty())
                environment.variables[field.variable] = at->second;
        }
    }
    return environment;
}

} // namespace restic::protocol
