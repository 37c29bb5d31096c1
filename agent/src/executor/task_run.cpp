#include "executor/task_run.h"

namespace agent {

std::chrono::milliseconds timeLimit(const restic::protocol::TaskPayload& task, const Config& config) {
    return task.timeoutSeconds ? std::chrono::seconds(*task.timeoutSeconds) : config.restic.commandTimeout;
}

} // namespace agent
