#include "repositories/repository_service.h"

#include <algorithm>

#include <fmt/format.h>

#include "agents/agent_store.h"
#include "core/wire.h"
#include "errors.h"
#include "lock_row.h"
#include "repositories/damage_store.h"
#include "repositories/maintenance_store.h"
#include "repositories/place.h"
#include "repositories/schedule_store.h"
#include "repositories/size_store.h"
#include "restic/protocol/names.h"
#include "restic/protocol/password_rule.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
constexpr std::string_view kTable = "restic_repositories";

[[noreturn]] void nameTaken(const std::string& name) {
    throw core::Error(errors::kRepositoryExists, "A repository named \"" + name + "\" exists already.");
}

/// A path in one spelling. What names a server stays as it was written: the agent's own configuration may
/// know it by that name.
std::string normalAddress(const protocol::RepositoryKind& kind, const std::string& url) {
    return kind.onDisk ? kind.place(url) : url;
}

/// Which secrets the vault has afterwards: a new one replaces, a file or null removes, and without either
/// what was there stays, as long as the kind does.
std::vector<std::string> keptSecrets(const protocol::RepositoryKind& kind, const RepositorySpec& spec,
                                     const protocol::RepositoryConfig& config, const Repository* before) {
    std::vector<std::string> kept;
    for (const auto& field : kind.fields) {
        const auto* given = spec.config ? spec.config->find(field.name) : nullptr;
        const bool was = before != nullptr && before->type == kind.name &&
                         std::find(before->secretFields.begin(), before->secretFields.end(), field.name) !=
                             before->secretFields.end();
        if (config.secrets.contains(field.name) ||
            (was && given == nullptr && !config.files.contains(field.name)))
            kept.push_back(field.name);
    }
    return kept;
}
/// What is kept of secrets is for the place that they were given for: whoever names another one, where others
/// may listen, gives them again.
void requireSecretsOfPlace(const protocol::RepositoryKind& kind, const Repository& repository,
                           const protocol::RepositoryConfig& config, const Repository* before) {
    if (before == nullptr)
        return;
    const bool ledElsewhere = std::any_of(kind.fields.begin(), kind.fields.end(), [&](const auto& field) {
        return field.leads && before->config.stringOr(field.name) != repository.config.stringOr(field.name);
    });
    if (!ledElsewhere && placeOf(*before, before->id) == placeOf(repository, before->id))
        return;
    std::vector<core::Problem> problems;
    for (const auto& field : repository.secretFields)
        if (!config.secrets.contains(field))
            problems.push_back(
                {"/config/" + field, "is required again: the repository's address has changed"});
    if (!problems.empty())
        throw core::wire::validationError(std::move(problems));
}
} // namespace

RepositoryService::RepositoryService(const core::Clock& clock, core::ServiceHandle<base::SecretVault> vault)
    : clock_(clock), vault_(std::move(vault)) {}

RepositoryService::Draft RepositoryService::draftOf(Transaction& tx, const RepositorySpec& spec,
                                                    const Repository* before, bool passwordKnown) {
    std::vector<core::Problem> problems;
    Draft draft;
    Repository& repository = draft.repository;
    repository.name = spec.name;
    repository.type = spec.type;
    repository.agent = spec.agent;
    repository.passwordFile = spec.passwordFile;
    repository.certFile = spec.certFile;
    repository.environment = spec.environment;
    const auto* kind = protocol::findRepositoryKind(spec.type);
    if (kind == nullptr)
        throw core::wire::validationError({{"/type", "is no kind of repository that there is"}});

    auto config = protocol::readConfig(*kind, spec.config.value_or(core::json::Object()),
                                       spec.url ? protocol::Address::beside : protocol::Address::inConfig);
    if (!spec.url && !spec.config)
        problems.push_back({"/url", "is required, or config"});
    else if (!config)
        for (const auto& problem : config.error().details())
            problems.push_back({"/config" + problem.pointer, problem.message});
    else
        draft.config = std::move(config).value();
    if (spec.url)
        for (auto& problem : protocol::problemsOfAddress(*kind, *spec.url))
            problems.push_back({"/url", std::move(problem)});
    if (spec.agent && !kind->onDisk)
        problems.push_back({"/agent_id", "is for repositories on the disk of one machine"});
    if (spec.password && spec.passwordFile)
        problems.push_back({"/password_file", "and password exclude each other"});
    if (spec.password)
        if (auto problem = protocol::checkRepositoryPassword(*spec.password))
            problems.push_back({"/password", std::move(*problem)});
    if (!spec.password && !spec.passwordFile && !passwordKnown && !spec.mayLackPassword)
        problems.push_back({"/password", "is required, or password_file"});
    if (!problems.empty())
        throw core::wire::validationError(std::move(problems));

    repository.url = normalAddress(*kind, spec.url ? *spec.url : kind->address(draft.config.values));
    repository.config = protocol::plainConfig(*kind, draft.config);
    repository.secretFields = keptSecrets(*kind, spec, draft.config, before);
    if (auto missing = protocol::missingPartners(*kind, draft.config, repository.secretFields);
        !missing.empty()) {
        for (auto& problem : missing)
            problem.pointer.insert(0, "/config");
        throw core::wire::validationError(std::move(missing));
    }
    requireSecretsOfPlace(*kind, repository, draft.config, before);
    if (spec.agent && !AgentStore::find(tx, *spec.agent))
        throw core::Error(errors::kAgentNotFound,
                          "There is no agent with the id " + spec.agent->toString() + ".");
    return draft;
}

void RepositoryService::storeSecrets(Transaction& tx, const Draft& draft, const RepositorySpec& spec,
                                     const std::vector<std::string>& before) {
    const auto& id = draft.repository.id;
    if (spec.password)
        vault_->put(tx, {tx.tenant(), kTable, id, "password"}, *spec.password);
    else if (spec.passwordFile)
        vault_->erase(tx, {tx.tenant(), kTable, id, "password"});
    const auto& kept = draft.repository.secretFields;
    for (const auto& [field, secret] : draft.config.secrets)
        vault_->put(tx, {tx.tenant(), kTable, id, Repository::vaultField(field)}, secret);
    for (const auto& field : before)
        if (std::find(kept.begin(), kept.end(), field) == kept.end())
            vault_->erase(tx, {tx.tenant(), kTable, id, Repository::vaultField(field)});
}

void RepositoryService::requireOwnPlace(Transaction& tx, const Repository& repository) {
    if (const auto other = RepositoryStore::findByPlace(tx, placeOf(repository), repository.id))
        throw core::Error(errors::kRepositoryExists,
                          fmt::format("The repository \"{}\" is already at this place. Use that one; two "
                                      "passwords for one repository would open nothing.",
                                      other->name));
}

void RepositoryService::forgetCondition(Transaction& tx, const Uuid& id) {
    MaintenanceStore::eraseAll(tx, id);
    SizeStore::eraseAll(tx, id);
}

MaintenancePlan RepositoryService::planOf(Transaction& tx, const RepositorySpec& spec, Repository& repository,
                                          const Repository* before) {
    repository.maintenanceAgent = spec.maintenanceAgent;
    repository.appendOnly = spec.appendOnly.value_or(before != nullptr && before->appendOnly);
    return MaintenancePlan::of(tx, spec.maintenance, repository, before);
}

void RepositoryService::announce(Transaction& tx) {
    tx.afterCommit([this] {
        if (changed_)
            changed_();
    });
}

Repository RepositoryService::create(Transaction& tx, const RepositorySpec& spec) {
    Draft draft = draftOf(tx, spec, nullptr, false);
    Repository& repository = draft.repository;
    requireOwnPlace(tx, repository);
    const auto plan = planOf(tx, spec, repository, nullptr);
    repository.createdAt = repository.updatedAt = clock_.now();
    repository.id = Uuid::generate(repository.createdAt);
    try {
        RepositoryStore::insert(tx, repository);
    } catch (const core::db::ConstraintViolation&) {
        nameTaken(spec.name);
    }
    storeSecrets(tx, draft, spec, {});
    plan.store(tx, repository, repository.createdAt);
    announce(tx);
    return repository;
}

protocol::TaskRepository RepositoryService::unsaved(Transaction& tx, RepositorySpec spec, const Uuid& agent,
                                                    const std::optional<Uuid>& changed) {
    const auto* kind = protocol::findRepositoryKind(spec.type);
    spec.agent = kind != nullptr && kind->onDisk ? std::optional(agent) : std::nullopt;
    Draft draft = draftOf(tx, spec, nullptr, false);
    if (changed)
        draft.repository.id = get(tx, *changed).id;
    requireOwnPlace(tx, draft.repository);
    planOf(tx, spec, draft.repository, nullptr); // refuses what adding would refuse
    protocol::TaskRepository given;
    given.id = Uuid::generate(clock_.now());
    given.type = draft.repository.type;
    given.url = draft.repository.url;
    given.password = spec.password;
    given.passwordFile = draft.repository.passwordFile;
    given.certFile = draft.repository.certFile;
    if (const auto* config = draft.repository.config.object())
        given.config = *config;
    given.secrets.insert(draft.config.secrets.begin(), draft.config.secrets.end());
    given.environment = draft.repository.environment;
    return given;
}

Repository RepositoryService::update(Transaction& tx, const Uuid& id, const RepositorySpec& spec) {
    const Repository before = get(tx, id);
    Draft draft = draftOf(tx, spec, &before, hasPassword(tx, id));
    Repository& repository = draft.repository;
    repository.id = id;
    const bool moves = placeOf(repository) != before.place;
    if (moves || spec.password || spec.passwordFile) {
        lockRow(tx, std::string(kTable), id);
        requireNoPasswordChange(tx, before);
    }
    if (moves) // two that were at one place before stay changeable
        requireOwnPlace(tx, repository);
    const auto plan = planOf(tx, spec, repository, &before);
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
    storeSecrets(tx, draft, spec, before.secretFields);
    plan.store(tx, repository, repository.updatedAt);
    if (moves)
        forgetCondition(tx, id);
    if (updated_ && (moves || spec.password || spec.passwordFile || !draft.config.secrets.empty()))
        updated_(tx, id);
    announce(tx);
    return repository;
}

Repository RepositoryService::forNewPassword(Transaction& tx, const Uuid& id, const std::string& password) {
    const auto* pointer = "/password";
    if (auto problem = protocol::checkRepositoryPassword(password))
        throw core::wire::validationError({{pointer, std::move(*problem)}});
    lockRow(tx, std::string(kTable), id);
    auto repository = get(tx, id);
    if (repository.passwordFile)
        throw core::Error(
            errors::kPasswordElsewhere,
            fmt::format("The password of \"{}\" is in the file {} on its machine, which only that machine "
                        "changes: there run restic key add, write the new password into the file, and run "
                        "restic key remove with the key of the old one.",
                        repository.name, *repository.passwordFile));
    const auto* kind = protocol::findRepositoryKind(repository.type);
    if (kind != nullptr && kind->onDisk && !repository.agent)
        throw core::Error(errors::kPasswordElsewhere,
                          fmt::format("\"{}\" is a path on each machine's own disk, and may be several "
                                      "repositories with one password. Name the one machine whose disk it is "
                                      "on, or run restic key passwd on each machine and then correct the "
                                      "password here.",
                                      repository.name));
    requireNoPasswordChange(tx, repository);
    if (vault_->get(tx, {tx.tenant(), kTable, id, "password"}) == password)
        throw core::wire::validationError({{pointer, "is the one that the repository has"}});
    return repository;
}

void RepositoryService::requireNoPasswordChange(Transaction& tx, const Repository& repository) {
    if (RepositoryStore::changesPassword(tx, repository.id))
        throw core::Error(errors::kPasswordChanging,
                          "The password of \"" + repository.name +
                              "\" is being changed: wait until the tasks of that have ended.");
}

Repository RepositoryService::findOrCreate(Transaction& tx, const RepositorySpec& spec) {
    const auto draft = draftOf(tx, spec, nullptr, true).repository;
    const auto existing = RepositoryStore::findByPlace(tx, placeOf(draft));
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

std::optional<Repository> RepositoryService::findAt(Transaction& tx, const RepositorySpec& spec) {
    return RepositoryStore::findByPlace(tx, placeOf(draftOf(tx, spec, nullptr, true).repository));
}

void RepositoryService::keepPassword(Transaction& tx, Repository repository, const std::string& password) {
    if (auto problem = protocol::checkRepositoryPassword(password))
        throw core::wire::validationError({{"/password", std::move(*problem)}});
    vault_->put(tx, {tx.tenant(), kTable, repository.id, "password"}, password);
    repository.passwordFile.reset();
    repository.updatedAt = clock_.now();
    RepositoryStore::update(tx, repository);
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
    ScheduleStore::eraseAll(tx, id);
    SizeStore::eraseAll(tx, id);
    DamageStore::eraseAll(tx, id);
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
    const auto* kind = protocol::findRepositoryKind(repository.type);
    if (kind != nullptr && kind->onDisk && !repository.agent && !agent)
        throw core::wire::validationError({{"/agent_id", "is required: each agent has its own disk"}});
    PlaceStore::forget(tx, agent ? placeOf(repository, *agent) : placeOf(repository));
    DamageStore::erase(tx, id); // it was of what is gone
}

bool RepositoryService::hasPassword(Transaction& tx, const Uuid& id) {
    const auto fields = vault_->fields(tx, tx.tenant(), kTable, id);
    return std::find(fields.begin(), fields.end(), "password") != fields.end();
}

} // namespace restic
