#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "core/wire.h"
#include "executor/command_run.h"
#include "executor/kind_of_work.h"
#include "restic/task_repository.h"

/// A kind of work out of the type of its payload and the class that does it.
namespace agent {

/// A run of its own.
template <typename Task, typename Run>
[[nodiscard]] KindOfWork runOf(const restic::protocol::TaskKind& kind) {
    return {kind,
            [](const core::json::Value& payload) {
                const auto task = core::wire::read<Task>(payload);
                return task ? std::vector<core::Problem>() : task.error().details();
            },
            [](const core::json::Value& payload) {
                return *core::wire::toJson(withoutSecrets(core::wire::read<Task>(payload).value())).object();
            },
            [](const TaskServices& services, const core::json::Value& payload,
               std::shared_ptr<Outbox> outbox) -> std::unique_ptr<TaskRun> {
                return std::make_unique<Run>(services, core::wire::read<Task>(payload).value(),
                                             std::move(outbox));
            }};
}

/// Commands on the repository, which CommandRun carries out.
template <typename Task, typename Work>
class Commands : public CommandRun {
public:
    Commands(const TaskServices& services, const Task& task, std::shared_ptr<Outbox> outbox)
        : CommandRun(services, task, std::move(outbox), [&task](restic::cli::WorkContext context) {
              return std::make_unique<Work>(task, std::move(context));
          }) {}
};
template <typename Task, typename Work>
[[nodiscard]] KindOfWork commandsOf(const restic::protocol::TaskKind& kind) {
    return runOf<Task, Commands<Task, Work>>(kind);
}

} // namespace agent
