#include "repositories/unsaved_repositories.h"

#include "core/wire.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
base::SecretPlace placeOf(const Transaction& tx, const Uuid& task) {
    return {tx.tenant(), "restic_tasks", task, "repository"};
}
} // namespace

void UnsavedRepositories::keep(Transaction& tx, const Uuid& task,
                               const protocol::TaskRepository& repository) const {
    vault_->put(tx, placeOf(tx, task), core::json::write(core::wire::toJson(repository)));
}

std::optional<protocol::TaskRepository> UnsavedRepositories::find(Transaction& tx, const Uuid& task) const {
    const auto kept = vault_->get(tx, placeOf(tx, task));
    if (!kept)
        return std::nullopt;
    return core::wire::read<protocol::TaskRepository>(core::json::parse(*kept).value()).value();
}

void UnsavedRepositories::forget(Transaction& tx, const Uuid& task) const {
    vault_->erase(tx, placeOf(tx, task));
}

} // namespace restic
