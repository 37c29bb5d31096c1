#include "restic/cli/repository_access.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include <Poco/URI.h>

#include "restic/protocol/names.h"
#include "restic/protocol/task_errors.h"

namespace restic::cli {
namespace {
namespace task_errors = protocol::task_errors;
using protocol::TaskError;

constexpr std::string_view kLocalPrefix = "local:";

TaskError invalid(std::string message) {
    return task_errors::make(task_errors::kInvalidTask, std::move(message));
}

std::string stripLocal(const std::string& url) {
    return url.starts_with(kLocalPrefix) ? url.substr(kLocalPrefix.size()) : url;
}

bool isOnDisk(const std::string& type) {
    const auto* kind = protocol::findRepositoryKind(type);
    return kind != nullptr && kind->onDisk;
}

bool isAllowed(const protocol::RepositoryKind& kind, const AccessRules& rules) {
    const auto& allowed = rules.allowedKinds;
    return !kind.byAgentsLeave || std::find(allowed.begin(), allowed.end(), kind.name) != allowed.end();
}

std::filesystem::path inConfigDir(const std::string& path, const AccessRules& rules) {
    if (path.empty() || path.starts_with('/') || rules.configDir.empty())
        return path;
    return std::filesystem::path(rules.configDir) / path;
}

/// The content of a file that holds a secret, without the line break at its end.
std::optional<std::string> secretIn(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(in), {}};
    if (!in.is_open() || in.bad()) // unreadable, as good as missing
        return std::nullopt;
    while (content.ends_with('\n') || content.ends_with('\r'))
        content.pop_back();
    return content;
}

/// What the fields of the kind make of restic's environment; what is wrong, or nothing.
std::optional<TaskError> planConfig(const protocol::RepositoryKind& kind, const core::json::Object& config,
                                    RepositoryAccess& access) {
    const auto read = protocol::readConfig(kind, config, protocol::Address::known);
    if (!read) {
        const auto& problem = read.error().details().front();
        return invalid("The repository's config" + problem.pointer + " " + problem.message);
    }
    auto environment = protocol::environmentOf(kind, read.value());
    access.environment.merge(environment.variables);
    for (const auto& [variable, path] : environment.fromFiles) {
        auto secret = secretIn(path);
        if (!secret)
            return task_errors::make(task_errors::kAuthenticationFailed,
                                     "The file " + path +
                                         ", which holds a secret of the repository, cannot be read");
        access.environment[variable] = std::move(*secret);
    }
    access.secretFiles = std::move(environment.asFiles);
    access.values = std::move(environment.values);
    return std::nullopt;
}

/// restic before 0.16.1 takes the credentials of a REST server only in the address, which it gets through its
/// environment as well.
void putCredentialsIntoAddress(RepositoryAccess& access) {
    const auto escaped = [](const std::string& text) {
        std::string out;
        Poco::URI::encode(text, ":/?#[]@!$&'()*+,;=%", out);
        return out;
    };
    const auto at = access.url.find("://");
    auto password = access.environment.extract("RESTIC_REST_PASSWORD");
    auto user = access.environment.extract("RESTIC_REST_USERNAME");
    if (at != std::string::npos)
        access.url.insert(at + 3, escaped(user ? user.mapped() : std::string()) + ":" +
                                      escaped(password.mapped()) + "@");
}

bool isMissing(const std::filesystem::path& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

/// Fills `access`; what is wrong, or nothing.
std::optional<TaskError> planRepository(const protocol::TaskRepository& given, const AccessRules& rules,
                                        RepositoryAccess& access) {
    access.url = given.url;
    access.password = given.password;
    access.newPassword = given.newPassword;
    access.passwordFile = inConfigDir(given.passwordFile.value_or(""), rules);
    access.certFile = inConfigDir(given.certFile.value_or(""), rules);
    for (const auto& [name, value] : given.environment) {
        // Anything else could change what restic, or a program that it starts, does.
        if (protocol::environmentName(name) == protocol::EnvironmentName::refused)
            return invalid("The repository's environment variable " + name + " is not allowed");
        access.environment[name] = value;
    }
    auto configOf = given.config;
    for (const auto& [field, secret] : given.secrets)
        configOf.set(field, secret);
    const auto* kind = protocol::kindOfAddress(access.url);
    if (kind == nullptr || given.type != kind->name)
        return invalid("The repository's address does not fit its kind");
    access.type = kind->name;
    if (!isAllowed(*kind, rules))
        return invalid("Repositories of the kind " + access.type +
                       " are not allowed by restic.allow_backends on this machine");
    if (auto error = planConfig(*kind, configOf, access))
        return error;
    if (access.password && !access.passwordFile.empty())
        return invalid("The repository has both a password and a password file");
    if (!access.password) {
        if (access.passwordFile.empty())
            return invalid("The repository has neither a password nor a password file");
        if (!access.passwordFile.is_absolute())
            return invalid("The password file must be an absolute path, or relative to restic.config_dir");
        // A restic with more rights than the agent may read what the agent cannot: only restic's word counts.
        if (isMissing(access.passwordFile))
            return task_errors::make(task_errors::kAuthenticationFailed,
                                     "The password file " + access.passwordFile.string() +
                                         " does not exist on this machine");
    }
    if (!access.certFile.empty() &&
        (!access.certFile.starts_with('/') || ::access(access.certFile.c_str(), R_OK) != 0))
        return task_errors::make(task_errors::kCertificateError,
                                 "The certificate file " + access.certFile + " cannot be read");
    if (access.environment.contains("RESTIC_REST_PASSWORD") && rules.restic &&
        !rules.restic->hasRestCredentials())
        putCredentialsIntoAddress(access);
    return std::nullopt;
}
} // namespace

std::optional<std::filesystem::path> localFolderOf(const std::string& type, const std::string& url) {
    if (!isOnDisk(type))
        return std::nullopt;
    return stripLocal(url);
}

std::optional<std::filesystem::path> RepositoryAccess::localFolder() const {
    return localFolderOf(type, url);
}

std::variant<RepositoryAccess, TaskError> accessTo(const protocol::TaskRepository& repository,
                                                   const AccessRules& rules) {
    RepositoryAccess access;
    if (auto error = planRepository(repository, rules, access))
        return *error;
    return access;
}

namespace {
constexpr std::size_t kShortId = 8;

/// Adds the whole ids of files in the folder that begin with the short one.
void collectIds(const std::filesystem::path& folder, const std::string& shortId, std::set<std::string>& ids) {
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
        auto name = entry.path().filename().string();
        if (name.size() == 64 && name.starts_with(shortId))
            ids.insert(std::move(name));
    }
}

std::optional<std::string> onlyOne(const std::set<std::string>& ids) {
    return ids.size() == 1 ? std::optional(*ids.begin()) : std::nullopt;
}
} // namespace

std::optional<std::string> fullSnapshotId(const std::filesystem::path& repository,
                                          const std::string& shortId) {
    std::set<std::string> ids;
    if (shortId.size() >= kShortId)
        collectIds(repository / "snapshots", shortId, ids);
    return onlyOne(ids);
}

std::optional<std::string> cachedSnapshotId(const std::filesystem::path& cache, const std::string& shortId) {
    std::set<std::string> ids;
    std::error_code code;
    if (shortId.size() >= kShortId)
        for (const auto& repository : std::filesystem::directory_iterator(cache, code))
            collectIds(repository.path() / "snapshots" / shortId.substr(0, 2), shortId, ids);
    return onlyOne(ids);
}

} // namespace restic::cli
