#include "restic/retention.h"

#include "restic/protocol/names.h"

namespace agent {

bool keepsSomething(const std::optional<restic::protocol::Retention>& retention) noexcept {
    return retention && restic::protocol::keepsSomething(*retention);
}

std::vector<std::string> forgetArguments(const restic::protocol::TaskPayload& task,
                                         const restic::protocol::ForgetParameters& parameters,
                                         const restic::protocol::ForgetSelection& selection,
                                         const std::string& hostname) {
    std::vector<std::string> arguments{"forget", "--json", "--group-by=host,paths"};
    if (task.policyId)
        arguments.push_back("--tag=policy:" + task.policyId->toString());
    if (selection.host)
        arguments.push_back("--host=" + *selection.host);
    else if (!task.policyId && !parameters.allHosts)
        arguments.push_back("--host=" + hostname);
    const auto keep = [&](const char* name, std::optional<int> count) {
        if (count.value_or(0) > 0)
            arguments.push_back(std::string("--keep-") + name + "=" + std::to_string(*count));
    };
    const auto& retention = *parameters.retention;
    keep("last", retention.keepLast);
    keep("hourly", retention.keepHourly);
    keep("daily", retention.keepDaily);
    keep("weekly", retention.keepWeekly);
    keep("monthly", retention.keepMonthly);
    keep("yearly", retention.keepYearly);
    arguments.push_back("--keep-tag=" + std::string(restic::protocol::kPinned));
    for (const auto& tag : retention.keepTags)
        if (tag != restic::protocol::kPinned)
            arguments.push_back("--keep-tag=" + tag);
    return arguments;
}

} // namespace agent
