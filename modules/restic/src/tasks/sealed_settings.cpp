#include "tasks/sealed_settings.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
base::SecretPlace placeOf(const Transaction& tx, const Uuid& task) {
    return {tx.tenant(), "restic_tasks", task, "settings"};
}
} // namespace

void SealedSettings::keep(Transaction& tx, const Uuid& task, const core::json::Object& settings) const {
    vault_->put(tx, placeOf(tx, task), core::json::write(settings));
}

std::optional<core::json::Object> SealedSettings::find(Transaction& tx, const Uuid& task) const {
    const auto kept = vault_->get(tx, placeOf(tx, task));
    if (!kept)
        return std::nullopt;
    const auto document = core::json::parse(*kept);
    return document && document.value().object() != nullptr ? std::optional(*document.value().object())
                                                            : std::nullopt;
}

void SealedSettings::forget(Transaction& tx, const Uuid& task) const {
    vault_->erase(tx, placeOf(tx, task));
}

} // namespace restic
