#include "restic/cli/command.h"

#include <unistd.h>

#include "core/http/proxy.h"
#include "restic/protocol/password_rule.h"

namespace restic::cli {
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

/// The beginning of the option with which restic is told how to call ssh.
constexpr std::string_view kSftpCommand = "sftp.command=";

std::string lookup(const std::map<std::string, std::string>& environment, const std::string& name,
                   const std::string& otherwise) {
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

ResticCommands::ResticCommands(ResticProgram program, std::filesystem::path cache,
                               const std::map<std::string, std::string>& environment)
    : program_(std::move(program)),
      cache_(program_.cacheDir.empty() ? std::move(cache) : std::filesystem::path(program_.cacheDir)) {
    environment_["PATH"] =
        lookup(environment, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    // HOME is where ssh finds its keys and known hosts.
    environment_["HOME"] = lookup(environment, "HOME", cache_.parent_path().string());
    environment_["LC_ALL"] = "C";
    for (const auto& name : passedOnVariables())
        if (auto value = lookup(environment, name, ""); !value.empty())
            environment_[name] = std::move(value);
    if (!program_.tempDir.empty())
        environment_["TMPDIR"] = program_.tempDir;
    // Go's own limit: its collector works harder as the heap comes near it. A limit of the address space
    // (RLIMIT_AS) would kill restic at once, since Go reserves far more than it uses; a cgroup is the service
    // manager's to give, and holds for restic as well.
    if (program_.memoryLimit > 0)
        environment_["GOMEMLIMIT"] = std::to_string(program_.memoryLimit);
}

core::ProcessSpec ResticCommands::base() const {
    core::ProcessSpec spec;
    spec.program = program_.binary;
    spec.environment = environment_;
    spec.priority = program_.priority;
    return spec;
}

void ResticCommands::confine(core::ProcessSpec& spec) const {
    if (!program_.user && !program_.limits)
        return;
    const auto found = core::findProgram(spec.program, environment_.at("PATH"));
    if (!found)
        return; // whoever starts it says that it is not there
    std::vector<std::string> line;
    if (program_.limits)
        line = {"choom",
                "--adjust=1000",
                "--",
                "prlimit",
                "--data=" + std::to_string(program_.limits->memory),
                "--fsize=" + std::to_string(program_.limits->file),
                "--"};
    line.insert(line.end(), {"setpriv", "--no-new-privs"});
    if (program_.limits)
        line.emplace_back("--pdeathsig=KILL");
    if (program_.user)
        line.insert(line.end(), {"--reuid=" + std::to_string(program_.user->id),
                                 "--regid=" + std::to_string(program_.user->group), "--clear-groups"});
    line.insert(line.end(), {"--", found->string()});
    spec.program = line.front();
    spec.arguments.insert(spec.arguments.begin(), line.begin() + 1, line.end());
}

std::string ResticCommands::pathOf(const std::string& secret, ResticCommand& command) const {
    if (program_.user)
        return command.ofUser.emplace_back(secret, program_.user->id, program_.user->group).path().string();
    // Not as an inherited descriptor: ssh closes all of those.
    const auto& file = command.ofBackend.emplace_back(secret);
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file.fd());
}

std::vector<std::string> ResticCommands::optionsOf(const RepositoryAccess& repository,
                                                   ResticCommand& command) const {
    auto values = repository.values;
    for (const auto& [field, secret] : repository.secretFiles) {
        // ssh takes a key only with the line break at its end.
        auto path = pathOf(secret.content.ends_with("\n") ? secret.content : secret.content + "\n", command);
        if (!secret.variable.empty())
            command.spec.environment[secret.variable] = path;
        values[field] = std::move(path);
    }
    const auto* kind = protocol::findRepositoryKind(repository.type);
    return kind != nullptr && kind->options != nullptr ? kind->options(values) : std::vector<std::string>();
}

std::optional<ResticCommand> ResticCommands::sftp(const RepositoryAccess& repository) const {
    ResticCommand command;
    command.spec = base();
    for (const auto& option : optionsOf(repository, command))
        if (option.starts_with(kSftpCommand)) {
            command.spec.program = "sftp";
            command.spec.arguments = {"-q", "-b", "-", "-D", option.substr(kSftpCommand.size())};
            confine(command.spec);
            return command;
        }
    return std::nullopt;
}

core::ProcessSpec ResticCommands::saying(const char* word) const {
    constexpr std::size_t kMost = 16384;
    auto spec = base();
    spec.arguments = {word};
    spec.standardOutput = core::ProcessOutput::capture(kMost);
    spec.standardError = core::ProcessOutput::capture(kMost);
    spec.timeout = std::chrono::seconds(30);
    confine(spec);
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
    spec.environment["RESTIC_CACHE_DIR"] =
        (repository.cachePart.empty() ? cache_ : cache_ / repository.cachePart).string();
    spec.environment["RESTIC_PROGRESS_FPS"] = "1";
    // The command's name first, so that a listing of processes says what runs.
    spec.arguments = {arguments.front()};
    if (repository.password && protocol::changesInFile(*repository.password)) {
        // A repository from before: only this way restic takes the password as it is. Others of this user,
        // who could read it there, could read the process's memory as well.
        spec.environment["RESTIC_PASSWORD"] = *repository.password;
    } else if (repository.password && program_.user) {
        // Another user cannot open what is this one's.
        spec.arguments.push_back("--password-file=" + pathOf(*repository.password, command));
    } else if (repository.password) {
        command.secret.emplace(*repository.password);
        spec.inherited = {command.secret->fd()};
        spec.arguments.emplace_back("--password-file=/dev/fd/3");
    } else {
        spec.arguments.push_back("--password-file=" + repository.passwordFile.string());
    }
    for (auto& option : optionsOf(repository, command)) {
        constexpr std::string_view kSsh = "ssh";
        if (option.starts_with(kSftpCommand) && option.compare(kSftpCommand.size(), kSsh.size(), kSsh) == 0) {
            if (program_.user)
                command.ofSsh.emplace(program_.user->id, program_.user->group);
            else
                command.ofSsh.emplace();
            option.insert(kSftpCommand.size() + kSsh.size(), " -E " + command.ofSsh->path());
        }
        spec.arguments.push_back(asOption(option));
    }
    if (repository.noCache)
        spec.arguments.emplace_back("--no-cache");
    if (!repository.certFile.empty())
        spec.arguments.push_back("--cacert=" + repository.certFile);
    spec.arguments.insert(spec.arguments.end(), arguments.begin() + 1, arguments.end());
    if (repository.newPassword) {
        command.newSecret.emplace(*repository.newPassword);
        spec.inherited.push_back(command.newSecret->fd());
        spec.arguments.push_back("--new-password-file=/dev/fd/" + std::to_string(2 + spec.inherited.size()));
    }
    confine(spec);
    return command;
}

} // namespace restic::cli
