#include "kinds/kinds.h"

#include <array>

#include "core/wire.h"
#include "kinds/backup_run.h"
#include "restic/repository_access.h"

namespace agent {
namespace {
namespace kinds = restic::protocol::kinds;

template <typename Task, typename Run>
KindOfWork work(const restic::protocol::TaskKind& kind) {
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
} // namespace

const KindOfWork* findWork(std::string_view kind) noexcept {
    static const std::array kAll{
        work<restic::protocol::BackupTask, BackupRun>(kinds::backup),
    };
    for (const auto& one : kAll)
        if (one.kind.name == kind)
            return &one;
    return nullptr;
}

} // namespace agent
