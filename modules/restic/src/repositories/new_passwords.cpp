#include "repositories/new_passwords.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
base::SecretPlace placeOf(const Transaction& tx, const Uuid& task) {
    return {tx.tenant(), "restic_tasks", task, "new_password"};
}
} // namespace

void NewPasswords::keep(Transaction& tx, const Uuid& task, const std::string& password) const {
    vault_->put(tx, placeOf(tx, task), password);
}

std::optional<std::string> NewPasswords::find(Transaction& tx, const Uuid& task) const {
    return vault_->get(tx, placeOf(tx, task));
}

void NewPasswords::makeRepositorys(Transaction& tx, const Uuid& task, const Uuid& repository) const {
    if (const auto password = find(tx, task))
        vault_->put(tx, {tx.tenant(), "restic_repositories", repository, "password"}, *password);
}

void NewPasswords::forget(Transaction& tx, const Uuid& task) const {
    vault_->erase(tx, placeOf(tx, task));
}

} // namespace restic
