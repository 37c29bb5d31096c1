#include "policies/assignment.h"

#include <algorithm>

#include <fnmatch.h>

#include "core/text.h"

namespace restic {

namespace {
/// No more than * and ? are said to mean something.
std::optional<std::string> checkHostPattern(const std::string& pattern) {
    constexpr std::string_view kTaken = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-*?";
    return pattern.find_first_not_of(kTaken) == std::string::npos
               ? std::nullopt
               : std::optional<std::string>(
                     "must be a host name, in which * is any text and ? any character");
}
} // namespace

const core::wire::Type& wireType(const Assignment*) {
    static const auto type =
        core::wire::object<Assignment>("PolicyAssignment", core::wire::strict)
            .field("tags", &Assignment::tags,
                   {.doc = "Each agent that has one of them",
                    .optional = true,
                    .minLength = 1,
                    .maxLength = 64,
                    .maxItems = 50,
                    .check = core::checkName})
            .field("hostnames", &Assignment::hostnames,
                   {.doc = "Or whose host name is like one of them, where * is any text and ? any character",
                    .optional = true,
                    .minLength = 1,
                    .maxLength = 255,
                    .maxItems = 50,
                    .check = checkHostPattern})
            .build();
    return type;
}

bool Assignment::isFor(const Agent& agent) const {
    return std::any_of(tags.begin(), tags.end(),
                       [&](const auto& tag) {
                           return std::find(agent.tags.begin(), agent.tags.end(), tag) != agent.tags.end();
                       }) ||
           std::any_of(hostnames.begin(), hostnames.end(), [&](const auto& pattern) {
               return ::fnmatch(pattern.c_str(), agent.hostname.c_str(), FNM_CASEFOLD) == 0;
           });
}

Assignment assignmentOf(const Policy& policy) {
    if (policy.assign.object() != nullptr)
        if (auto assignment = core::wire::read<Assignment>(policy.assign))
            return std::move(assignment).value();
    return {};
}

} // namespace restic
