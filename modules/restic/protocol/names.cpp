#include "restic/protocol/names.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "restic/protocol/password_rule.h"
#include "restic/protocol/repository_kinds.h"

namespace restic::protocol {

namespace {

bool isSpace(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool isLabel(std::string_view label) {
    constexpr std::size_t kLongest = 63;
    if (label.empty() || label.size() > kLongest || label.front() == '-' || label.back() == '-')
        return false;
    return std::all_of(label.begin(), label.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

} // namespace

std::optional<std::string> normalHostName(std::string_view text) {
    constexpr std::size_t kLongest = 253;
    while (!text.empty() && isSpace(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && isSpace(text.back()))
        text.remove_suffix(1);
    if (text.ends_with('.'))
        text.remove_suffix(1);
    if (text.empty() || text.size() > kLongest)
        return std::nullopt;
    std::string name;
    for (const char c : text)
        name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    for (std::size_t from = 0; from <= name.size();) {
        const auto to = std::min(name.find('.', from), name.size());
        if (!isLabel(std::string_view(name).substr(from, to - from)))
            return std::nullopt;
        from = to + 1;
    }
    return name;
}

EnvironmentName environmentName(std::string_view name) noexcept {
    if (name == "AWS_REGION") // the newer name of AWS_DEFAULT_REGION
        return EnvironmentName::plain;
    for (const auto* kind : repositoryKinds())
        for (const auto& field : kind->fields)
            if (!field.variable.empty() && field.variable == name)
                return field.secret && !field.asFile ? EnvironmentName::secret : EnvironmentName::plain;
    return EnvironmentName::refused;
}

bool isSecretName(std::string_view name) {
    std::string lower;
    for (const char c : name)
        if (c != '_' && c != '-')
            lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower.ends_with("file") || lower.ends_with("path"))
        return false;
    constexpr auto kMarks = std::to_array<std::string_view>(
        {"password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "privatekey", "apikey",
         "accesskey", "accountkey", "encryptionkey"});
    return lower == "pass" || lower == "key" || std::any_of(kMarks.begin(), kMarks.end(), [&](auto mark) {
               return lower.find(mark) != std::string::npos;
           });
}

bool hasCredentials(std::string_view text) noexcept {
    for (auto at = text.find("://"); at != std::string_view::npos; at = text.find("://", at + 3)) {
        const auto authority = text.substr(at + 3, text.find_first_of("/?# \t\n", at + 3) - (at + 3));
        const auto user = authority.substr(0, std::min(authority.rfind('@'), authority.size()));
        if (user.size() < authority.size() && user.find(':') != std::string_view::npos)
            return true;
    }
    return false;
}

std::optional<std::string> checkTag(const std::string& tag) {
    if (tag.find(',') != std::string::npos)
        return "must not contain a comma";
    if (auto wrong = core::checkNameOrNone(tag))
        return wrong;
    if (!tag.empty() && changesInFile(tag))
        return "must not begin or end with white space, which restic leaves away";
    if (tag.starts_with("policy:") || tag.starts_with("task:"))
        return "must not begin with policy: or task:, by which a snapshot is known to be a policy's or a "
               "task's";
    return std::nullopt;
}

} // namespace restic::protocol
