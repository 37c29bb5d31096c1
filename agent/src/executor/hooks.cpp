#include "executor/hooks.h"

#include <algorithm>
#include <filesystem>

#include "core/file_owner.h"
#include "core/line_splitter.h"
#include "core/text.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace task_errors = restic::protocol::task_errors;
using core::LogLevel;

namespace {
/// More of what it writes is in no log.
constexpr int kMostLines = 1000;

restic::protocol::TaskError failed(const std::string& name, const std::string& what) {
    return task_errors::make(task_errors::kHookFailed, "The hook " + name + " " + what);
}

bool isName(const std::string& name) {
    return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos &&
           core::printable(name) == name;
}
} // namespace

std::optional<restic::protocol::TaskError>
Hooks::run(const std::string& name, std::map<std::string, std::string> facts, const std::stop_token& stop) {
    if (!services_.plugins.policy().hooks)
        return task_errors::make(task_errors::kForbiddenOnMachine,
                                 "The machine's local policy does not allow hooks");
    if (!isName(name))
        return failed(core::printable(name), "has a name that no hook can have");
    const std::filesystem::path folder = services_.config.hooks.dir;
    const auto file = folder / name;
    std::error_code code;
    if (!std::filesystem::is_regular_file(file, code))
        return failed(name, "is not there: " + file.string() + " is no file");
    if (const auto problem = core::ownerProblem(folder, core::FileKind::folder))
        return failed(name, "was not run: " + folder.string() + " " + *problem);
    if (const auto problem = core::ownerProblem(file))
        return failed(name, "was not run: " + file.string() + " " + *problem);

    core::ProcessSpec spec;
    spec.program = file.string();
    spec.environment = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                        {"LC_ALL", "C"},
                        {"RESTIC_MONITOR_HOOK", name},
                        {"RESTIC_MONITOR_TASK_ID", report_.taskId()},
                        {"RESTIC_MONITOR_POLICY", task_.policyName.value_or("")}};
    for (auto& [fact, value] : facts)
        spec.environment["RESTIC_MONITOR_" + fact] = std::move(value);
    spec.timeout = services_.config.hooks.timeout;
    spec.interruptGrace = std::chrono::seconds(5);
    int lines = 0;
    const auto tell = [&](std::string_view line) {
        if (++lines <= kMostLines)
            report_.log(LogLevel::info, name + ": " + core::printable(std::string(line)));
    };
    core::LineSplitter output, error;
    spec.standardOutput =
        core::ProcessOutput::toSink([&](std::string_view piece) { output.feed(piece, tell); });
    spec.standardError =
        core::ProcessOutput::toSink([&](std::string_view piece) { error.feed(piece, tell); });
    report_.log(LogLevel::info, "The hook " + name + " begins");
    const auto result = services_.runner.run(spec, stop);
    output.finish(tell);
    error.finish(tell);
    if (lines > kMostLines)
        report_.log(LogLevel::warn, "The hook " + name + " wrote more; only its first lines are here");
    if (!result)
        return failed(name, std::string("could not be started: ") + result.error().what());
    if (result.value().timedOut)
        return failed(name, "was ended: it had not ended in time (hooks.timeout)");
    if (result.value().cancelled)
        return std::nullopt;
    if (!result.value().exit.ok())
        return failed(name, "ended with " + result.value().exit.describe());
    return std::nullopt;
}

} // namespace agent
