#include "support/secret_fields.h"

#include <set>
#include <string_view>

#include "restic/protocol/repository_kinds.h"

namespace test {

namespace {
bool isSecret(std::string_view field) {
    static const auto kNames = [] {
        std::set<std::string, std::less<>> names{"password", "current_password", "new_password",
                                                 "token",    "refresh_token",    "access_token"};
        for (const auto* kind : restic::protocol::repositoryKinds())
            for (const auto& one : kind->fields)
                if (one.secret)
                    names.insert(one.name);
        return names;
    }();
    return kNames.contains(field);
}
} // namespace

void eachSecret(const core::json::Value& body, const std::function<void(const std::string&)>& visit) {
    if (const auto* object = body.object())
        for (const auto& [name, member] : object->members()) {
            if (member.string() != nullptr && isSecret(name))
                visit(*member.string());
            eachSecret(member, visit);
        }
    if (const auto* array = body.array())
        for (const auto& one : *array)
            eachSecret(one, visit);
}

} // namespace test
