#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

#include "agent_version.h"
#include "commands/commands.h"
#include "journal/journal.h"
#include "state/files.h"
#include "state/identity.h"

namespace agent {
namespace {
using core::json::Object;
using core::json::Value;

/// Whether an agent holds the folder's lock now.
bool isRunning(const std::filesystem::path& folder) {
    const int fd = ::open((folder / "lock").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool free = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
    ::close(fd);
    return !free;
}

std::string stateOf(const JournalTask& task) {
    if (task.result)
        return "finished, not yet acknowledged by the server";
    return task.starting ? "running" : "waiting";
}
} // namespace

ExitCode statusCommand(const CommonOptions& common) {
    const auto config = loadConfig(common.configFile, common.configRequired, common.environment);
    const auto identity = loadIdentity(common.stateDir / "identity.json");
    const bool running = isRunning(common.stateDir);
    Value live;
    if (const auto text = readFileIfAny(common.stateDir / "status.json"); text && running)
        if (auto parsed = core::json::parse(*text))
            live = std::move(parsed).value();
    const auto tasks = Journal::peek(common.stateDir / "journal");
    const auto restic = live.stringOr("restic_version");
    const bool healthy = identity && running && live.stringOr("error").empty() && !restic.empty();

    if (common.json) {
        core::json::Array list;
        for (const auto& task : tasks)
            list.push_back(Object{{"task_id", task.taskId},
                                  {"attempt", task.attempt},
                                  {"state", stateOf(task)},
                                  {"accepted_at", core::formatInstant(task.acceptedAt)}});
        Object out{{"version", kAgentVersion}, {"running", running}, {"enrolled", identity.has_value()}};
        out.set("agent_id", identity ? Value(identity->agentId) : Value());
        out.set("hostname", identity ? Value(identity->hostname) : Value());
        out.set("server", identity ? Value(identity->serverUrl) : Value());
        out.set("token_expires_at", identity ? Value(core::formatInstant(identity->expiresAt)) : Value());
        out.set("live", live);
        out.set("tasks", std::move(list));
        fmt::print("{}\n", core::json::writePretty(out));
        return healthy ? ExitCode::success : ExitCode::failure;
    }
    fmt::print("restic-agent {}\n", kAgentVersion);
    if (!identity) {
        fmt::print("Not enrolled. Run `restic-agent enroll --server URL --token TOKEN`.\n");
    } else {
        fmt::print("Enrolled as {} ({}) at {}\n", identity->hostname, identity->agentId, identity->serverUrl);
        fmt::print("Token valid until {}\n", core::formatInstant(identity->expiresAt));
    }
    if (!running) {
        fmt::print("Not running. Start it with `restic-agent run` or through its service.\n");
    } else {
        fmt::print("Running (pid {}), last heard by the server: {}\n", live.integerOr("pid"),
                   live.stringOr("last_heartbeat_at", "never"));
        if (const auto error = live.stringOr("error"); !error.empty())
            fmt::print("Problem: {}\n", error);
        fmt::print("restic: {}\n",
                   restic.empty() ? "cannot be used; `restic-agent doctor` says why" : restic);
    }
    if (tasks.empty())
        fmt::print("No open tasks.\n");
    for (const auto& task : tasks)
        fmt::print("Task {} (attempt {}): {}\n", task.taskId, task.attempt, stateOf(task));
    for (const auto& source : config.backup.sources)
        fmt::print("Adds {} to the policy {}\n", source.path, source.policy);
    return healthy ? ExitCode::success : ExitCode::failure;
}

} // namespace agent
