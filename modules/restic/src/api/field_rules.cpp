#include "api/field_rules.h"

#include "restic/protocol/task_state.h"

namespace restic::api {

std::optional<std::string> checkNoComma(const std::string& tag) {
    return tag.find(',') == std::string::npos ? std::nullopt
                                              : std::optional<std::string>("must not contain a comma");
}

std::optional<std::string> checkAbsolute(const std::string& path) {
    if (path.empty() || path.front() != '/')
        return "must be an absolute path";
    if (path.find('\n') != std::string::npos)
        return "must not contain a line break";
    return std::nullopt;
}

const std::vector<std::string>& repositoryTypes() {
    static const std::vector<std::string> types{"local"};
    return types;
}

const std::vector<std::string>& taskStates() {
    static const std::vector<std::string> states = [] {
        std::vector<std::string> all;
        all.reserve(std::size(protocol::kAllTaskStates));
        for (const auto state : protocol::kAllTaskStates)
            all.emplace_back(protocol::toText(state));
        return all;
    }();
    return states;
}

} // namespace restic::api
