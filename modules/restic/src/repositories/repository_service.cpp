#include "repositories/repository_service.h"

#include <algorithm>

#include <fmt/format.h>

#include "agents/agent_store.h"
#include "core/wire.h"
#include "errors.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
constexpr std::string_view kTable = "restic_repositories";

[[noreturn]] void nameTaken(const std::string& name) {
    throw core::Error(errors::kRepositoryExists, "A repository named \"" + name + "\" exists already.");
}
} // namespace

RepositoryService::RepositoryService(const core::Clock& clock, core::ServiceHandle<base::SecretVault> vault)
    : clock_(clock), vault_(std::move(vault)) {}

Repository RepositoryService::fromSpec(Transaction& tx, const RepositorySpec& spec, bool passwordKnown) {
    std::vector<core::Problem> problems;
    Repository repository;
    repository.name = spec.name;
    repository.type = spec.type;
    repository.agent = spec.agent;
    repository.passwordFile = spec.passwordFile;
    repository.certFile = spec.certFile;
    repository.environment = spec.environment;
    if (spec.config)
        repository.config = *spec.config;

    const auto* path = spec.config ? spec.config->find("path") : nullptr;
    if (spec.url && path != nullptr)
        problems.push_back({"/url", "and config.path say the same; give one of them"});
    if (path != nullptr && path->string() == nullptr)
        problems.push_back({"/config/path", "must be text"});
    else
        repository.url = spec.url ? *spec.url : (path != nullptr ? *path->string() : std::string());
    if (repository.url.empty())
        problems.push_back({"/url", "is required, or config.path"});
    else if (repository.url.front() != '/')
        problems.push_back({"/url", "must be an absolute path on the agent"});
    if (spec.config)
        for (const auto& [name, value] : spec.config->members())
            if (name != "path")
                problems.push_back({"/config/" + name, "is not a known field of a local repository"});
    if (spec.password && spec.passwordFile)
        problems.push_back({"/password_file", "and password exclude each other"});
    if (!spec.password && !spec.passwordFile && !passwordKnown)
        problems.push_back({"/password", "is required, or password_file"});
    if (!problems.empty())
        throw core::wire::validationError(std::move(problems));
    if (spec.agent && !AgentStore::find(tx, *spec.agent))
        throw core::Error(errors::kAgentNotFound,
                          "There is no agent with the id " + spec.agent->toString() + ".");
    return repository;
}

void RepositoryService::storePassword(Transaction& tx, const Uuid& id, const RepositorySpec& spec) {
    if (spec.password)
        vault_->put(tx, {tx.tenant(), kTable, id, "password"}, *spec.password);
    else if (spec.passwordFile)
        vault_->erase(tx, {tx.tenant(), kTable, id, "password"});
}

Repository RepositoryService::create(Transaction& tx, const RepositorySpec& spec) {
    Repository repository = fromSpec(tx, spec, false);
    repository.createdAt = repository.updatedAt = clock_.now();
    repository.id = Uuid::generate(repository.createdAt);
    try {
        RepositoryStore::insert(tx, repository);
    } catch (const core::db::ConstraintViolation&) {
        nameTaken(spec.name);
    }
    storePassword(tx, repository.id, spec);
    return repository;
}

Repository RepositoryService::update(Transaction& tx, const Uuid& id, const RepositorySpec& spec) {
    const Repository before = get(tx, id);
    Repository repository = fromSpec(tx, spec, hasPassword(tx, id));
    repository.id = id;
    // At another place nothing is known to exist yet.
    if (repository.url == before.url && repository.agent == before.agent)
        repository.firstSuccessAt = before.firstSuccessAt;
    repository.createdAt = before.createdAt;
    repository.updatedAt = clock_.now();
    try {
        RepositoryStore::update(tx, repository);
    } catch (const core::db::ConstraintViolation&) {
        nameTaken(spec.name);
    }
    storePassword(tx, id, spec);
    return repository;
}

Repository RepositoryService::findOrCreate(Transaction& tx, RepositorySpec spec) {
    if (spec.url)
        if (auto existing = RepositoryStore::findByUrl(tx, spec.type, *spec.url, spec.agent)) {
            const bool same =
                spec.password
                    ? vault_->get(tx, {tx.tenant(), kTable, existing->id, "password"}) == spec.password
                    : !spec.passwordFile || spec.passwordFile == existing->passwordFile;
            if (!same)
                throw core::Error(errors::kRepositoryExists,
                                  "The repository \"" + existing->name +
                                      "\" is at that place already, with another password. Name it by "
                                      "repository_id, or change it first.");
            return *existing;
        }
    return create(tx, spec);
}

Repository RepositoryService::get(Transaction& tx, const Uuid& id) {
    auto repository = RepositoryStore::find(tx, id);
    if (!repository)
        throw core::Error(errors::kRepositoryNotFound,
                          "There is no repository with the id " + id.toString() + ".");
    return *repository;
}

void RepositoryService::remove(Transaction& tx, const Uuid& id) {
    const Repository repository = get(tx, id);
    if (const auto users = RepositoryStore::users(tx, id); !users.empty())
        throw core::Error(errors::kRepositoryInUse, fmt::format("The repository \"{}\" is still used by {}.",
                                                                repository.name, fmt::join(users, ", ")));
    RepositoryStore::archive(tx, id, clock_.now());
    vault_->eraseRow(tx, tx.tenant(), kTable, id);
}

bool RepositoryService::hasPassword(Transaction& tx, const Uuid& id) {
    const auto fields = vault_->fields(tx, tx.tenant(), kTable, id);
    return std::find(fields.begin(), fields.end(), "password") != fields.end();
}

} // namespace restic
