#include "repositories/repository_service.h"

#include <algorithm>

#include <fmt/format.h>

#include "agents/agent_store.h"
#include "core/wire.h"
#include "errors.h"
#include "repositories/place.h"
#include "restic/protocol/password_rule.h"

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
    else if (repository.url.back() == ' ' || repository.url.back() == '\t')
        problems.push_back({"/url", "must not end with white space"});
    if (spec.config)
        for (const auto& [name, value] : spec.config->members())
            if (name != "path")
                problems.push_back({"/config/" + name, "is not a known field of a local repository"});
    if (spec.password && spec.passwordFile)
        problems.push_back({"/password_file", "and password exclude each other"});
    if (spec.password)
        if (auto problem = protocol::checkRepositoryPassword(*spec.password))
            problems.push_back({"/password", std::move(*problem)});
    if (!spec.password && !spec.passwordFile && !passwordKnown)
        problems.push_back({"/password", "is required, or password_file"});
    if (!problems.empty())
        throw core::wire::validationError(std::move(problems));
    repository.url = normalizePath(repository.url);
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

void RepositoryService::requireOwnPlace(Transaction& tx, const Repository& repository) {
    const auto other = RepositoryStore::findByUrl(tx, repository.type, repository.url, repository.agent);
    if (other && other->id != repository.id)
        throw core::Error(errors::kRepositoryExists,
                          fmt::format("The repository \"{}\" is already at this place. Use that one; two "
                                      "passwords for one repository would open nothing.",
                                      other->name));
}

Repository RepositoryService::create(Transaction& tx, const RepositorySpec& spec) {
    Repository repository = fromSpec(tx, spec, false);
    requireOwnPlace(tx, repository);
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
    requireOwnPlace(tx, repository);
    if (repository.agent && repository.agent != before.agent)
        if (const auto others = RepositoryStore::linksOfOthers(tx, id, *repository.agent); !others.empty())
            throw core::Error(errors::kRepositoryUnreachable,
                              fmt::format("The repository would be on a disk that these agents do not reach: "
                                          "{}. Unlink them from its policies first.",
                                          fmt::join(others, ", ")),
                              {{"/agent_id", "is not the agent of all policies that use the repository"}});
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
    if (!spec.url)
        return create(tx, spec);
    const auto existing = RepositoryStore::findByUrl(tx, spec.type, normalizePath(*spec.url), spec.agent);
    if (!existing)
        return create(tx, spec);
    const auto stored = vault_->get(tx, {tx.tenant(), kTable, existing->id, "password"});
    if (spec.password != stored || spec.passwordFile != existing->passwordFile)
        throw core::Error(
            errors::kRepositoryExists,
            fmt::format("The repository \"{}\" is already at this place, with another password. "
                        "Name it by repository_id, or give the password that it has.",
                        existing->name));
    return *existing;
}

Repository RepositoryService::get(Transaction& tx, const Uuid& id) {
    auto repository = RepositoryStore::find(tx, id);
    if (!repository)
        throw core::Error(errors::kRepositoryNotFound,
                          "There is no repository with the id " + id.toString() + ".");
    return *repository;
}

Uuid RepositoryService::caretaker(Transaction& tx, const Uuid& id) {
    const auto repository = get(tx, id);
    if (const auto agent = RepositoryStore::caretaker(tx, repository))
        return *agent;
    throw core::Error(errors::kRepositoryUnreachable, "No agent works with the repository \"" +
                                                          repository.name + "\" yet: name one as agent_id.");
}

void RepositoryService::remove(Transaction& tx, const Uuid& id) {
    const Repository repository = get(tx, id);
    if (const auto users = RepositoryStore::users(tx, id); !users.empty())
        throw core::Error(errors::kRepositoryInUse, fmt::format("The repository \"{}\" is still used by {}.",
                                                                repository.name, fmt::join(users, ", ")));
    RepositoryStore::archive(tx, id, clock_.now());
    vault_->eraseRow(tx, tx.tenant(), kTable, id);
}

void RepositoryService::startAnew(Transaction& tx, const Uuid& id, const std::optional<Uuid>& agent) {
    const Repository repository = get(tx, id);
    if (agent && !AgentStore::find(tx, *agent))
        throw core::Error(errors::kAgentNotFound, "There is no agent with the id " + agent->toString() + ".");
    if (const auto open = RepositoryStore::openTasks(tx, id); open > 0)
        throw core::Error(
            core::errors::kConflict,
            fmt::format("{} of the repository's tasks have not ended; cancel them or wait.", open));
    const auto machine = repository.agent ? repository.agent : agent;
    if (!machine)
        throw core::wire::validationError({{"/agent_id", "is required: each agent has its own disk"}});
    PlaceStore::forget(tx, placeOf(repository, *machine));
}

bool RepositoryService::hasPassword(Transaction& tx, const Uuid& id) {
    const auto fields = vault_->fields(tx, tx.tenant(), kTable, id);
    return std::find(fields.begin(), fields.end(), "password") != fields.end();
}

} // namespace restic
