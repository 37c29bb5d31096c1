#include "tasks/kinds/kind.h"

#include "restic/protocol/maintenance_tasks.h"
#include "restic/protocol/task_errors.h"
#include "tasks/kinds/backup.h"
#include "tasks/kinds/check.h"
#include "tasks/kinds/forget.h"
#include "tasks/kinds/keys.h"
#include "tasks/kinds/looks.h"
#include "tasks/kinds/one_snapshot.h"
#include "tasks/kinds/plain.h"
#include "tasks/kinds/plugins.h"
#include "tasks/kinds/preview_forget.h"
#include "tasks/kinds/restore.h"
#include "tasks/kinds/snapshots.h"
#include "tasks/kinds/stats.h"
#include "tasks/kinds/test.h"
#include "tasks/kinds/verify.h"

namespace restic {

namespace {
const protocol::TaskKind kUnknown{.name = "unknown",
                                  .summary = "Of another version of this program",
                                  .lock = protocol::LockClass::exclusive,
                                  .timeLimit = std::chrono::hours{1},
                                  .payload = &core::wire::typeOf<protocol::TaskPayload>,
                                  .result = &core::wire::typeOf<protocol::TaskResult>};

/// What stands in a row and is no kind of this version: it fails before it begins, and disturbs nothing else.
class UnknownKind final : public TypedKind<protocol::NoParameters, protocol::TaskResult> {
public:
    UnknownKind() : TypedKind(kUnknown) {}
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& /*tx*/, const Task& task, const std::optional<Policy>& /*policy*/,
            protocol::TaskPayload /*common*/) const override {
        return protocol::task_errors::make(protocol::task_errors::kUnsupportedTask,
                                           "This host does not know tasks of the kind " + task.type);
    }
};
} // namespace

std::vector<std::unique_ptr<KindOfTask>> kindsOfTasks(core::event::Bus& events,
                                                      const core::ServiceHandle<base::SecretVault>& vault,
                                                      const TaskSettings& settings) {
    std::vector<std::unique_ptr<KindOfTask>> all;
    all.push_back(std::make_unique<BackupKind>(events));
    all.push_back(std::make_unique<InitKind>());
    all.push_back(std::make_unique<CheckKind>());
    all.push_back(std::make_unique<ForgetKind>());
    all.push_back(std::make_unique<PreviewForgetKind>());
    all.push_back(std::make_unique<PruneKind>());
    all.push_back(std::make_unique<UnlockKind>());
    all.push_back(std::make_unique<LocksKind>());
    all.push_back(std::make_unique<StatsKind>());
    all.push_back(std::make_unique<SnapshotsKind>(events));
    all.push_back(std::make_unique<TestKind>(UnsavedRepositories(vault)));
    all.push_back(std::make_unique<AddKeyKind>(NewPasswords(vault)));
    all.push_back(std::make_unique<RemoveKeyKind>());
    all.push_back(std::make_unique<PluginTestKind>(SealedSettings(vault)));
    all.push_back(std::make_unique<PluginSetupKind>(SealedSettings(vault)));
    all.push_back(std::make_unique<RestoreKind>());
    all.push_back(std::make_unique<VerifyKind>());
    all.push_back(std::make_unique<TagKind>());
    all.push_back(std::make_unique<ForgetSnapshotKind>());
    all.push_back(std::make_unique<RestoreDumpKind>(protocol::kinds::restoreDump, SealedSettings(vault)));
    all.push_back(std::make_unique<VerifyDumpKind>(protocol::kinds::verifyDump, SealedSettings(vault)));
    all.push_back(std::make_unique<LsKind>(settings.listedEntries));
    all.push_back(std::make_unique<FindKind>());
    all.push_back(std::make_unique<DiffKind>());
    return all;
}

Kinds::Kinds(std::vector<std::unique_ptr<KindOfTask>> all)
    : all_(std::move(all)), unknown_(std::make_unique<UnknownKind>()) {}

const KindOfTask* Kinds::find(std::string_view name) const noexcept {
    for (const auto& kind : all_)
        if (kind->declaration().name == name)
            return kind.get();
    return nullptr;
}

const KindOfTask& Kinds::get(std::string_view name) const noexcept {
    const auto* kind = find(name);
    return kind != nullptr ? *kind : *unknown_;
}

core::json::Value checkedParameters(const Kinds& kinds, std::string_view kind, core::json::Object given) {
    core::json::Value parameters(std::move(given));
    auto problems = kinds.get(kind).problemsOf(parameters);
    for (auto& problem : problems)
        problem.pointer = "/parameters" + problem.pointer;
    if (!problems.empty())
        throw core::wire::validationError(std::move(problems));
    return parameters;
}

} // namespace restic
