#include "support/secret_fields.h"

#include <set>
#include <string_view>

#include "restic/protocol/repository_kinds.h"

namespace test {

namespace {
bool isSecret(std::string_view field) {
    static const std::set<std::string_view> kNames{"password", "current_password", "new_password",
                                                   "token",    "refresh_token",    "access_token"};
    return kNames.contains(field);
}

/// Of a repository's config; elsewhere a "key" is a name, of an event for example.
bool isSecretOfConfig(std::string_view field) {
    static const auto kNames = [] {
        std::set<std::string, std::less<>> names{"repository_password"};
        for (const auto* kind : restic::protocol::repositoryKinds())
            for (const auto& one : kind->fields)
                if (one.secret)
                    names.insert(one.name);
        return names;
    }();
    return kNames.contains(field);
}

void eachSecretOf(const core::json::Value& value, bool inConfig,
                  const std::function<void(const std::string&)>& visit) {
    if (const auto* object = value.object())
        for (const auto& [name, member] : object->members()) {
            if (member.string() != nullptr && (isSecret(name) || (inConfig && isSecretOfConfig(name))))
                visit(*member.string());
            eachSecretOf(member, inConfig || name == "config" || name == "repository_config", visit);
        }
    if (const auto* array = value.array())
        for (const auto& one : *array)
            eachSecretOf(one, inConfig, visit);
}
} // namespace

void eachSecret(const core::json::Value& body, const std::function<void(const std::string&)>& visit) {
    eachSecretOf(body, false, visit);
}

} // namespace test
