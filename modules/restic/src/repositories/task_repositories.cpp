#include "repositories/task_repositories.h"

#include "repositories/old_secrets.h"

namespace restic {

protocol::TaskRepository TaskRepositories::of(core::db::Transaction& tx, const Repository& repository) const {
    const auto secretOf = [&](const std::string& field) {
        return vault_->get(tx, {tx.tenant(), "restic_repositories", repository.id, field});
    };
    protocol::TaskRepository given;
    given.id = repository.id;
    given.type = repository.type;
    given.url = repository.url;
    given.passwordFile = repository.passwordFile;
    given.certFile = repository.certFile;
    if (const auto* config = repository.config.object())
        given.config = *config;
    for (const auto& field : repository.secretFields)
        if (auto secret = secretOf(Repository::vaultField(field)))
            given.secrets[field] = std::move(*secret);
    given.environment = repository.environment;
    for (auto& [name, secret] : OldSecrets(database_, vault_).environmentOf(tx, repository.id))
        given.environment[name] = std::move(secret);
    given.password = secretOf("password");
    return given;
}

} // namespace restic
