#include "restic/command.h"

namespace agent {
namespace {
std::string lookup(const Environment& environment, const std::string& name, const std::string& otherwise) {
    const auto found = environment.find(name);
    return found == environment.end() || found->second.empty() ? otherwise : found->second;
}
} // namespace

ResticCommands::ResticCommands(const Config& config, std::filesystem::path cache,
                               const Environment& environment)
    : config_(config), cache_(config.restic.cacheDir.empty() ? std::move(cache)
                                                             : std::filesystem::path(config.restic.cacheDir)),
      path_(lookup(environment, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")),
      home_(lookup(environment, "HOME", cache_.parent_path().string())) {}

core::ProcessSpec ResticCommands::base() const {
    core::ProcessSpec spec;
    spec.program = config_.restic.binary;
    // HOME is where ssh finds its keys and known hosts.
    spec.environment = {{"PATH", path_}, {"HOME", home_}, {"LC_ALL", "C"}};
    if (!config_.restic.tempDir.empty())
        spec.environment["TMPDIR"] = config_.restic.tempDir;
    return spec;
}

core::ProcessSpec ResticCommands::version() const {
    auto spec = base();
    spec.arguments = {"version"};
    spec.standardOutput = core::ProcessOutput::capture(4096);
    spec.standardError = core::ProcessOutput::capture(4096);
    spec.timeout = std::chrono::seconds(30);
    return spec;
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
    std::string passwordFile = repository.passwordFile.string();
    if (repository.password) {
        command.secret.emplace(*repository.password);
        spec.inherited = {command.secret->fd()};
        passwordFile = "/dev/fd/3";
    }
    // The command's name first, so that a listing of processes says what runs.
    spec.arguments = {arguments.front(), "--password-file=" + passwordFile};
    if (!repository.certFile.empty())
        spec.arguments.push_back("--cacert=" + repository.certFile);
    spec.arguments.insert(spec.arguments.end(), arguments.begin() + 1, arguments.end());
    return command;
}

} // namespace agent
