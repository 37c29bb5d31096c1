#include "restic/repository_access.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "files/path_look.h"
#include "restic/protocol/names.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
namespace task_errors = restic::protocol::task_errors;
using restic::protocol::TaskError;
using restic::protocol::TaskPayload;

struct Backend {
    std::string_view type;
    std::string_view prefix;
    bool always;
};

constexpr auto kBackends = std::to_array<Backend>({
    {"sftp", "sftp:", true},
    {"s3", "s3:", true},
    {"rest", "rest:", true},
    {"azure", "azure:", true},
    {"gcs", "gs:", true},
    {"b2", "b2:", false},
    {"swift", "swift:", false},
    {"rclone", "rclone:", false},
});

constexpr std::string_view kLocalPrefix = "local:";

TaskError invalid(std::string message) {
    return task_errors::make(task_errors::kInvalidTask, std::move(message));
}

std::string stripLocal(const std::string& url) {
    return url.starts_with(kLocalPrefix) ? url.substr(kLocalPrefix.size()) : url;
}

/// The kind of repository that restic would take this address for; "" for what is none of ours.
std::string typeOf(const std::string& url) {
    if (stripLocal(url).starts_with('/'))
        return "local";
    for (const auto& backend : kBackends)
        if (url.starts_with(backend.prefix))
            return std::string(backend.type);
    return {};
}

bool allowed(const std::string& type, const Config& config) {
    if (type == "local")
        return true;
    for (const auto& backend : kBackends)
        if (backend.type == type)
            return backend.always ||
                   std::find(config.restic.allowBackends.begin(), config.restic.allowBackends.end(), type) !=
                       config.restic.allowBackends.end();
    return false;
}

std::filesystem::path inConfigDir(const std::string& path, const Config& config) {
    if (path.empty() || path.starts_with('/') || config.restic.configDir.empty())
        return path;
    return std::filesystem::path(config.restic.configDir) / path;
}

/// Fills `access`; what is wrong, or nothing.
std::optional<TaskError> planRepository(const TaskPayload& task, const PlanContext& context,
                                        RepositoryAccess& access) {
    const auto& config = context.config;
    if (task.repository) {
        const auto& given = *task.repository;
        access.url = given.url;
        access.password = given.password;
        access.passwordFile = inConfigDir(given.passwordFile.value_or(""), config);
        access.certFile = inConfigDir(given.certFile.value_or(""), config);
        for (const auto& [name, value] : given.environment) {
            // Anything else could change what restic, or a program that it starts, does.
            if (restic::protocol::environmentName(name) == restic::protocol::EnvironmentName::refused)
                return invalid("The repository's environment variable " + name + " is not allowed");
            access.environment[name] = value;
        }
    } else if (config.repository) {
        access.url = config.repository->url;
        access.passwordFile = inConfigDir(config.repository->passwordFile, config);
        access.certFile = inConfigDir(config.repository->certFile, config);
    } else {
        return invalid("The task names no repository, and the agent's configuration has none");
    }
    access.type = typeOf(access.url);
    if (access.type.empty() || (task.repository && task.repository->type != access.type))
        return invalid("The repository's address does not fit its kind");
    if (!allowed(access.type, config))
        return invalid("Repositories of the kind " + access.type +
                       " are not allowed by restic.allow_backends on this machine");
    if (access.password && !access.passwordFile.empty())
        return invalid("The repository has both a password and a password file");
    if (!access.password) {
        if (access.passwordFile.empty())
            return invalid("The repository has neither a password nor a password file");
        if (!access.passwordFile.is_absolute())
            return invalid("The password file must be an absolute path, or relative to restic.config_dir");
        // A restic with more rights than the agent may read what the agent cannot: only restic's word counts.
        if (lookAt(access.passwordFile.string()).missing())
            return task_errors::make(task_errors::kAuthenticationFailed,
                                     "The password file " + access.passwordFile.string() +
                                         " does not exist on this machine");
    }
    if (!access.certFile.empty() &&
        (!access.certFile.starts_with('/') || ::access(access.certFile.c_str(), R_OK) != 0))
        return task_errors::make(task_errors::kCertificateError,
                                 "The certificate file " + access.certFile + " cannot be read");
    if (access.environment.contains("RESTIC_REST_PASSWORD") && context.restic &&
        !context.restic->hasRestCredentials())
        return invalid("restic " + context.restic->toString() +
                       " cannot take the REST server's password from its environment");
    return std::nullopt;
}
} // namespace

std::optional<std::filesystem::path> RepositoryAccess::localFolder() const {
    if (type != "local")
        return std::nullopt;
    return stripLocal(url);
}

std::variant<RepositoryAccess, TaskError> planAccess(const TaskPayload& task, const PlanContext& context) {
    RepositoryAccess access;
    if (auto error = planRepository(task, context, access))
        return *error;
    return access;
}

std::optional<std::filesystem::path> localFolderOf(const TaskPayload& task) {
    if (!task.repository || task.repository->type != "local")
        return std::nullopt;
    return stripLocal(task.repository->url);
}

bool addressIsWithheld(const TaskPayload& task) {
    return task.repository && task.repository->url == task.repository->type + ":";
}

std::optional<std::string> fullSnapshotId(const std::filesystem::path& repository,
                                          const std::string& shortId) {
    if (shortId.size() < 8)
        return std::nullopt;
    std::optional<std::string> found;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(repository / "snapshots", code)) {
        auto name = entry.path().filename().string();
        if (name.size() != 64 || !name.starts_with(shortId))
            continue;
        if (found)
            return std::nullopt;
        found = std::move(name);
    }
    return found;
}

void removeSecrets(TaskPayload& task) {
    if (task.repository) {
        task.repository->password.reset();
        task.repository->environment.clear();
        // "rest:https://user:password@host/" is an address too.
        if (typeOf(task.repository->url) != "local")
            task.repository->url = task.repository->type + ":";
    }
}

} // namespace agent
