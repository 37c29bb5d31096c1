#include "restic/command.h"

#include <unistd.h>

#include "core/http/proxy.h"
#include "restic/protocol/password_rule.h"

namespace agent {
namespace {
/// As restic reads the value of --option: a list, whose parts are quoted where they hold commas or quotes.
std::string asOption(const std::string& option) {
    if (option.find_first_of("\",") == std::string::npos)
        return "--option=" + option;
    std::string quoted = "--option=\"";
    for (const char c : option)
        quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + '"';
}

std::string lookup(const Environment& environment, const std::string& name, const std::string& otherwise) {
    const auto found = environment.find(name);
    return found == environment.end() || found->second.empty() ? otherwise : found->second;
}
} // namespace

const std::vector<std::string>& passedOnVariables() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all{"TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY"};
        const auto& proxies = core::http::ProxyRules::variables();
        all.insert(all.end(), proxies.begin(), proxies.end());
        return all;
    }();
    return names;
}

ResticCommands::ResticCommands(const Config& config, std::filesystem::path cache,
                               const Environment& environment)
    : config_(config),
      cache_(config.restic.cacheDir.empty() ? std::move(cache)
                                            : std::filesystem::path(config.restic.cacheDir)) {
    environment_["PATH"] =
        lookup(environment, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    // HOME is where ssh finds its keys and known hosts.
    environment_["HOME"] = lookup(environment, "HOME", cache_.parent_path().string());
    environment_["LC_ALL"] = "C";
    for (const auto& name : passedOnVariables())
        if (auto value = lookup(environment, name, ""); !value.empty())
            environment_[name] = std::move(value);
    if (!config.restic.tempDir.empty())
        environment_["TMPDIR"] = config.restic.tempDir;
    // Go's own limit: its collector works harder as the heap comes near it. A limit of the address space
    // (RLIMIT_AS) would kill restic at once, since Go reserves far more than it uses; a cgroup is the service
    // manager's to give, and holds for restic as well.
    if (config.restic.memoryLimit > 0)
        environment_["GOMEMLIMIT"] = std::to_string(config.restic.memoryLimit);
}

core::ProcessSpec ResticCommands::base() const {
    core::ProcessSpec spec;
    spec.program = config_.restic.binary;
    spec.environment = environment_;
    spec.priority = config_.restic.priority;
    return spec;
}

core::ProcessSpec ResticCommands::saying(const char* word) const {
    constexpr std::size_t kMost = 16384;
    auto spec = base();
    spec.arguments = {word};
    spec.standardOutput = core::ProcessOutput::capture(kMost);
    spec.standardError = core::ProcessOutput::capture(kMost);
    spec.timeout = std::chrono::seconds(30);
    return spec;
}

core::ProcessSpec ResticCommands::version() const {
    return saying("version");
}

core::ProcessSpec ResticCommands::options() const {
    return saying("options");
}

ResticCommand ResticCommands::on(const RepositoryAccess& repository,
                                 const std::vector<std::string>& arguments) const {
    ResticCommand command;
    command.spec = base();
    auto& spec = command.spec;
    spec.environment.insert(repository.environment.begin(), repository.environment.end());
    spec.environment["RESTIC_REPOSITORY"] = repository.url;
    spec.environment["RESTIC_CACHE_DIR"] = cache_.string();
    spec.environment["RESTIC_PROGRESS_FPS"] = "1";
    // The command's name first, so that a listing of processes says what runs.
    spec.arguments = {arguments.front()};
    if (repository.password && restic::protocol::changesInFile(*repository.password)) {
        // A repository from before: only this way restic takes the password as it is. Others of this user,
        // who could read it there, could read the process's memory as well.
        spec.environment["RESTIC_PASSWORD"] = *repository.password;
    } else if (repository.password) {
        command.secret.emplace(*repository.password);
        spec.inherited = {command.secret->fd()};
        spec.arguments.emplace_back("--password-file=/dev/fd/3");
    } else {
        spec.arguments.push_back("--password-file=" + repository.passwordFile.string());
    }
    auto values = repository.values;
    for (const auto& [field, secret] : repository.secretFiles) {
        // Not as an inherited descriptor: ssh closes all of those.
        // ssh takes a key only with the line break at its end.
        const auto& file = command.ofBackend.emplace_back(
            secret.content.ends_with("\n") ? secret.content : secret.content + "\n");
        auto path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file.fd());
        if (!secret.variable.empty())
            spec.environment[secret.variable] = path;
        values[field] = std::move(path);
    }
    if (const auto* kind = restic::protocol::findRepositoryKind(repository.type);
        kind != nullptr && kind->options != nullptr)
        for (const auto& option : kind->options(values))
            spec.arguments.push_back(asOption(option));
    if (!repository.certFile.empty())
        spec.arguments.push_back("--cacert=" + repository.certFile);
    spec.arguments.insert(spec.arguments.end(), arguments.begin() + 1, arguments.end());
    if (repository.newPassword) {
        command.newSecret.emplace(*repository.newPassword);
        spec.inherited.push_back(command.newSecret->fd());
        spec.arguments.push_back("--new-password-file=/dev/fd/" + std::to_string(2 + spec.inherited.size()));
    }
    return command;
}

} // namespace agent
