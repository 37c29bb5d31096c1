#include "kinds/kinds.h"

#include <array>

#include "core/wire.h"
#include "kinds/backup_run.h"
#include "kinds/check.h"
#include "kinds/forget.h"
#include "kinds/init.h"
#include "kinds/list_snapshots.h"
#include "kinds/prune.h"
#include "kinds/stats.h"
#include "kinds/unlock.h"
#include "restic/repository_access.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
namespace kinds = restic::protocol::kinds;

/// A run of its own.
template <typename Task, typename Run>
KindOfWork runOf(const restic::protocol::TaskKind& kind) {
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
        : CommandRun(services, task, std::move(outbox), [&task](WorkContext context) {
              return std::make_unique<Work>(task, std::move(context));
          }) {}
};
template <typename Task, typename Work>
KindOfWork commandsOf(const restic::protocol::TaskKind& kind) {
    return runOf<Task, Commands<Task, Work>>(kind);
}
} // namespace

const KindOfWork* findWork(std::string_view kind) noexcept {
    static const std::array kAll{
        runOf<protocol::BackupTask, BackupRun>(kinds::backup),
        runOf<protocol::TaskPayload, InitRun>(kinds::init),
        commandsOf<protocol::CheckTask, Check>(kinds::check),
        commandsOf<protocol::ForgetTask, Forget>(kinds::forget),
        commandsOf<protocol::PruneTask, Prune>(kinds::prune),
        commandsOf<protocol::TaskPayload, Unlock>(kinds::unlock),
        commandsOf<protocol::StatsTask, Stats>(kinds::stats),
        commandsOf<protocol::TaskPayload, ListSnapshots>(kinds::snapshots),
    };
    for (const auto& one : kAll)
        if (one.kind.name == kind)
            return &one;
    return nullptr;
}

} // namespace agent
