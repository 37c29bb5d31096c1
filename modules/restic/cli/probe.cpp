#include "restic/cli/probe.h"

#include "restic/protocol/repository_kinds.h"

namespace restic::cli {

std::optional<ResticVersion> ResticProbe::version() {
    const std::lock_guard lock(mutex_);
    if (version_)
        return version_;
    const auto spec = commands_.version();
    const auto result = runner_.run(spec);
    if (!result) {
        problem_ = result.error().what();
    } else if (!result.value().exit.ok()) {
        problem_ = spec.program + " version ended with " + result.value().exit.describe();
    } else if (version_ = parseResticVersion(result.value().output); version_) {
        problem_.clear();
    } else {
        problem_ = spec.program + " is not restic: it does not say its version";
    }
    return version_;
}

std::vector<std::string> ResticProbe::missingKinds() {
    const auto result = runner_.run(commands_.options());
    std::vector<std::string> missing;
    if (!result || !result.value().exit.ok() || result.value().output.find("  local.") == std::string::npos)
        return missing;
    const auto& options = result.value().output;
    for (const auto* kind : protocol::repositoryKinds()) {
        const auto name = kind->prefix.substr(0, kind->prefix.find(':'));
        if (!kind->onDisk && options.find("  " + name + ".") == std::string::npos)
            missing.push_back(kind->name);
    }
    return missing;
}

std::string ResticProbe::problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
}

} // namespace restic::cli
