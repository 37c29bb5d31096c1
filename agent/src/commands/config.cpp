#include <fmt/format.h>

#include "commands/commands.h"
#include "core/json.h"

namespace agent {

ExitCode configCommand(const CommonOptions& common) {
    if (common.json) {
        core::json::Array items;
        for (const auto& setting : settings())
            items.emplace_back(core::json::Object{
                {"key", setting.key}, {"environment", setting.environment}, {"default", setting.standard}});
        fmt::print("{}\n", core::json::write(core::json::Object{{"items", std::move(items)}}));
        return ExitCode::success;
    }
    for (const auto& setting : settings())
        fmt::print("{:32} {:12} {}\n", setting.key, setting.standard, setting.environment);
    return ExitCode::success;
}

} // namespace agent
