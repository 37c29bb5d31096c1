#include "kinds/remove_key.h"

#include "core/wire.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;

std::optional<protocol::TaskError> RemoveKeyRun::work(const restic::cli::RepositoryAccess& repository,
                                                      const std::stop_token& stop) {
    const auto keys = keysOf(repository, stop);
    if (const auto* error = std::get_if<protocol::TaskError>(&keys))
        return *error;
    const auto& list = std::get<restic::cli::KeyList>(keys);
    const auto key = list.find(key_);
    if (!key) {
        report().log(core::LogLevel::info, "The key is gone already");
        return std::nullopt;
    }
    if (key == list.current)
        return task_errors::make(task_errors::kInvalidTask,
                                 "The key " + key->substr(0, 8) +
                                     " is the one that the repository's password opens; it is never removed");
    if (auto error = must(repository, {"key", "remove", *key}, stop))
        return error;
    result_.removed = true;
    report().log(core::LogLevel::info, "The key of the password of before was removed");
    noteRemovedLock();
    return std::nullopt;
}

core::json::Object RemoveKeyRun::result(protocol::TaskResult common) {
    static_cast<protocol::TaskResult&>(result_) = std::move(common);
    return *core::wire::toJson(result_).object();
}

} // namespace agent
