#include "kinds/add_key.h"

#include "core/wire.h"
#include "restic/protocol/password_rule.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;

std::optional<protocol::TaskError> AddKeyRun::work(const restic::cli::RepositoryAccess& repository,
                                                   const std::stop_token& stop) {
    if (!repository.newPassword)
        return task_errors::make(task_errors::kInvalidTask, "The task names no new password");
    if (const auto wrong = protocol::checkRepositoryPassword(*repository.newPassword))
        return task_errors::make(task_errors::kInvalidTask, "The new password " + *wrong);
    auto before = repository;
    before.newPassword.reset();
    auto after = before;
    after.password = repository.newPassword;
    after.passwordFile.clear();

    const auto old = keysOf(before, stop);
    if (const auto* error = std::get_if<protocol::TaskError>(&old))
        return *error;
    auto made = keysOf(after, stop);
    if (const auto* error = std::get_if<protocol::TaskError>(&made)) {
        if (error->error != task_errors::kAuthenticationFailed.name)
            return *error;
        if (auto failed = must(repository, {"key", "add"}, stop))
            return failed;
        report().log(core::LogLevel::info, "A key was added");
        // Whatever restic says, the old password is not given up before the new one has opened the
        // repository.
        made = keysOf(after, stop);
        if (const auto* wrong = std::get_if<protocol::TaskError>(&made))
            return *wrong;
    } else {
        report().log(core::LogLevel::info, "The new password opens the repository already");
    }
    result_.oldKeyId = std::get<restic::cli::KeyList>(old).current;
    result_.newKeyId = std::get<restic::cli::KeyList>(made).current;
    if (result_.oldKeyId == result_.newKeyId)
        return task_errors::make(task_errors::kInvalidTask, "The new password is the one of before");
    noteRemovedLock();
    return std::nullopt;
}

core::json::Object AddKeyRun::result(protocol::TaskResult common) {
    static_cast<protocol::TaskResult&>(result_) = std::move(common);
    return *core::wire::toJson(result_).object();
}

} // namespace agent
