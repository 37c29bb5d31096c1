#include "kinds/key_run.h"

#include "restic/protocol/task_errors.h"

namespace agent {

KeyRun::Keys KeyRun::keysOf(const restic::cli::RepositoryAccess& repository, const std::stop_token& stop) {
    auto output = outputOf(repository, restic::cli::kListKeys, stop);
    if (auto* error = std::get_if<restic::protocol::TaskError>(&output))
        return std::move(*error);
    auto keys = restic::cli::readKeyList(std::get<std::string>(output));
    if (!keys.current)
        return restic::protocol::task_errors::make(
            restic::protocol::task_errors::kCommandFailed,
            "restic does not say which key the repository's password opens");
    return keys;
}

} // namespace agent
