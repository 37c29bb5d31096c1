#include <map>
#include <set>

#include "base/errors.h"
#include "core/cron.h"
#include "core/http/version.h"
#include "errors.h"
#include "field_rules.h"
#include "lock_row.h"
#include "policies/policy_routes.h"

#include "policies/policy_defaults.h"
#include "policies/policy_views.h"
#include "repositories/repository_views.h"
#include "restic/protocol/repository_kinds.h"
#include "slot.h"
#include <algorithm>

namespace restic {

using core::db::Transaction;
using core::http::Audit;
using core::http::Outcome;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;
using core::wire::typeOf;

namespace {

/// Of the kinds whose storage has a password, a field of the config: the repository's own is named otherwise.
constexpr std::string_view kRepositoryPassword = "repository_password";
bool hasOwnPassword(const std::string& type) {
    const auto* kind = protocol::findRepositoryKind(type);
    return kind != nullptr && std::any_of(kind->fields.begin(), kind->fields.end(),
                                          [](const auto& field) { return field.name == "password"; });
}

/// What is wrong with an inline repository, by the names that its fields have in a policy.
template <typename Work>
auto inlinePointers(const std::string& type, Work work) {
    try {
        return work();
    } catch (const core::Error& error) {
        if (error.name() != core::errors::kValidation.name)
            throw;
        std::vector<core::Problem> problems;
        for (const auto& problem : error.details())
            problems.push_back({problem.pointer == "/url"    ? "/repository_url"
                                : problem.pointer == "/type" ? "/repository_type"
                                : problem.pointer == "/password" && hasOwnPassword(type)
                                    ? "/repository_config/" + std::string(kRepositoryPassword)
                                : problem.pointer.starts_with("/config")
                                    ? "/repository_config" + problem.pointer.substr(7)
                                    : "/repository_config" + problem.pointer,
                                problem.message});
        throw core::wire::validationError(std::move(problems));
    }
}

/// An inline repository, judged as POST /repositories judges one: repository_config has its kind's fields
/// beside what every repository has.
RepositoryInput inlineRepository(const PolicyInput& input) {
    static const std::set<std::string_view> kOfEach{"agent_id", "password", "password_file", "cert_file",
                                                    "environment_vars"};
    core::json::Object document, config;
    const auto type = input.repositoryType.value_or(protocol::repositories::local().name);
    const auto given = input.repositoryConfig.value_or(core::json::Object());
    const bool ofKind = hasOwnPassword(type);
    for (const auto& [name, value] : given.members())
        if (ofKind && name.starts_with(kRepositoryPassword))
            document.set(name.substr(kRepositoryPassword.find("password")), value);
        else if (kOfEach.contains(name) && !(ofKind && name.starts_with("password")))
            document.set(name, value);
        else
            config.set(name, value);
    constexpr std::size_t kLongestName = 255;
    const auto* path = config.find("path");
    const auto name = input.repositoryUrl ? *input.repositoryUrl
                      : path != nullptr && path->string() != nullptr && !path->string()->empty()
                          ? *path->string()
                          : input.name;
    document.set("name", name.substr(0, kLongestName));
    document.set("type", type);
    if (input.repositoryUrl)
        document.set("url", *input.repositoryUrl);
    if (!input.repositoryUrl || !config.members().empty())
        document.set("config", std::move(config));
    return inlinePointers(type, [&] {
        auto read = core::wire::read<RepositoryInput>(document);
        if (!read)
            throw read.error();
        return std::move(read).value();
    });
}

/// The repository that a policy names: by id, or inline, which creates or reuses one.
std::optional<core::Uuid> repositoryOf(Transaction& tx, RepositoryService& repositories,
                                       const core::http::Principal& caller, const PolicyInput& input) {
    const bool isInline = input.repositoryUrl || input.repositoryType || input.repositoryConfig;
    if (input.repositoryId) {
        if (isInline)
            throw core::wire::validationError(
                {{"/repository_id", "and repository_url, _type, _config exclude each other"}});
        return repositories.get(tx, *input.repositoryId).id;
    }
    if (!isInline)
        return std::nullopt; // the agent's own configuration names one
    if (!repositoriesWrite().admits(caller))
        throw core::Error(core::errors::kForbidden,
                          "A repository within a policy needs the permission \"" +
                              repositoriesWrite().name() +
                              "\", which the role admin has. Name an existing one by repository_id.");
    const auto spec = specOf(inlineRepository(input));
    return inlinePointers(spec.type, [&] { return repositories.findOrCreate(tx, spec).id; });
}

/// Plugin settings are read by everybody of the tenant.
void requireNoSecrets(const PolicyInput& input, const std::vector<std::string>& kept) {
    std::vector<core::Problem> problems;
    for (std::size_t i = 0; i < input.plugins.size(); ++i)
        for (auto& problem : problemsOfPluginSettings(input.plugins[i].settings,
                                                      "/plugins/" + std::to_string(i) + "/settings", kept))
            problems.push_back(std::move(problem));
    if (!problems.empty())
        throw core::wire::validationError(std::move(problems));
}

/// `keptSecrets`: what the vault has for this policy.
Policy policyOf(Transaction& tx, const PolicyRoutes& s, const core::http::Principal& caller,
                const PolicyInput& input, const std::vector<std::string>& keptSecrets) {
    requireNoSecrets(input, keptSecrets);
    Policy policy;
    policy.name = input.name;
    policy.enabled = input.enabled;
    policy.schedule = input.schedule;
    policy.own = documentOf(input);
    policy.changedBy = caller.name;
    if (input.assign)
        policy.assign = core::wire::toJson(*input.assign);
    policy.includePaths = input.includePaths;
    policy.excludePaths = input.excludePaths;
    policy.tags = input.tags;
    core::json::Array plugins;
    for (const auto& plugin : input.plugins)
        plugins.push_back(core::wire::toJson(plugin));
    policy.plugins = std::move(plugins);
    s.policies.resolve(tx, policy);
    PolicyService::validate(policy); // before anything is created for it
    policy.repository = repositoryOf(tx, s.repositories, caller, input);
    return policy;
}

/// What the views of a page need besides their rows, read at once.
struct Around {
    std::map<core::Uuid, Repository> repositories;
    std::multimap<core::Uuid, PolicyLink> links;
    std::map<core::Uuid, PolicyStore::LastRun> lastRuns;
    core::json::Object tenantOptions;
    PolicyOptions standard;
};

Around around(Transaction& tx, const PolicyService& service, const std::vector<Policy>& policies) {
    Around all;
    all.tenantOptions = PolicyDefaults::read(tx).options;
    all.standard = service.standardOptions();
    std::vector<core::Uuid> ids;
    std::vector<core::Uuid> repositories;
    for (const auto& policy : policies) {
        ids.push_back(policy.id);
        if (policy.repository)
            repositories.push_back(*policy.repository);
    }
    for (auto& repository : RepositoryStore::find(tx, repositories))
        all.repositories.emplace(repository.id, std::move(repository));
    for (auto& link : PolicyStore::links(tx, ids))
        all.links.emplace(link.policy, std::move(link));
    for (auto& run : PolicyStore::lastRuns(tx, ids))
        all.lastRuns.emplace(run.policy, std::move(run));
    return all;
}

PolicyView viewOf(const Policy& p, const Around& around) {
    PolicyView view;
    static_cast<PolicyOptions&>(view) = over(around.standard, allOptions(p));
    const auto own = p.own.object() != nullptr ? *p.own.object() : documentOf(allOptions(p));
    view.origins = originsOf({}, own, around.tenantOptions);
    if (p.assign.object() != nullptr)
        view.assign = assignmentOf(p);
    view.id = p.id;
    view.name = p.name;
    view.enabled = p.enabled;
    view.schedule = p.schedule;
    view.includePaths = p.includePaths;
    view.excludePaths = p.excludePaths;
    view.tags = p.tags;
    view.repositoryId = p.repository;
    if (const auto found = p.repository ? around.repositories.find(*p.repository) : around.repositories.end();
        found != around.repositories.end()) {
        view.repositoryUrl = found->second.url;
        view.repositoryType = found->second.type;
        if (const auto* config = found->second.config.object())
            view.repositoryConfig = *config;
    }
    view.plugins = p.plugins;
    view.awaitingAdoption = p.awaitingAdoption;
    const auto [first, last] = around.links.equal_range(p.id);
    for (auto at = first; at != last; ++at) {
        const auto& link = at->second;
        view.agents.push_back(
            {link.agent, link.hostname, link.nextRunAt, link.placeholder, link.assigned, link.options});
        if (link.nextRunAt && (!view.nextRunAt || *link.nextRunAt < *view.nextRunAt))
            view.nextRunAt = link.nextRunAt;
    }
    if (const auto run = around.lastRuns.find(p.id); run != around.lastRuns.end()) {
        view.lastRunStatus = run->second.status;
        view.lastRunAt = run->second.startedAt;
    }
    view.createdAt = p.createdAt;
    view.updatedAt = p.updatedAt;
    return view;
}

PolicyView viewOf(Transaction& tx, const PolicyService& service, const Policy& policy) {
    auto view = viewOf(policy, around(tx, service, {policy}));
    for (auto& [agent, reason] : service.unassigned(tx, policy))
        view.unassigned.push_back({agent.id, agent.hostname, std::move(reason)});
    return view;
}

Response versioned(const PolicyView& view, int status = 200) {
    return core::http::withVersion(Response::of(view, status), core::formatInstant(view.updatedAt));
}

} // namespace

void PolicyRoutes::addTo(std::vector<core::http::Route>& routes) const {
    const auto read = Permission::role("restic.policies.read", Role::viewer);
    const auto write = Permission::role("restic.policies.write", Role::operator_);

    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/policies",
                      .summary = "List policies, newest first",
                      .permission = read,
                      .query = &typeOf<PolicyQuery>(),
                      .response = &typeOf<core::http::Page<PolicyView>>(),
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto query = request.queryAs<PolicyQuery>();
                          return Response::of(s.database.read(request.tenant(), [&](Transaction& tx) {
                              auto found = PolicyStore::list(tx, {query.name, query.enabled}, query);
                              const auto known = around(tx, s.policies, found);
                              return core::http::makePage(
                                  std::move(found), query.limit,
                                  [](const Policy& p) {
                                      return core::http::Cursor{core::toMicros(p.createdAt), p.id};
                                  },
                                  [&](const Policy& p) { return viewOf(p, known); });
                          }));
                      }});
    routes.push_back({.method = "POST",
                      .path = "/api/v1/restic/policies",
                      .summary = "Create a policy",
                      .permission = write,
                      .audit = Audit::action("restic.policy.created"),
                      .request = &typeOf<PolicyInput>(),
                      .response = &typeOf<PolicyView>(),
                      .status = 201,
                      .location = "/api/v1/restic/policies/{id}",
                      .versioned = true,
                      .errors = {&errors::kInvalidCron, &errors::kRetentionConflict, &errors::kPolicyExists,
                                 &base::errors::kTenantLimitReached, &errors::kRepositoryNotFound,
                                 &errors::kRepositoryExists},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto input = request.json<PolicyInput>();
                          return s.database.transact(request.tenant(), [&](Transaction& tx) {
                              const auto made =
                                  s.policies.create(tx, policyOf(tx, s, request.principal(), input, {}));
                              const auto view = viewOf(tx, s.policies, made);
                              request.audit().object("policy", made.id.toString());
                              request.audit().entry.after = core::wire::toJson(view);
                              return request.keep(versioned(view, 201));
                          });
                      }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/policies/{id}",
                      .summary = "One policy",
                      .permission = read,
                      .response = &typeOf<PolicyView>(),
                      .versioned = true,
                      .errors = {&errors::kPolicyNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kPolicyNotFound);
                          return versioned(s.database.read(request.tenant(), [&](Transaction& tx) {
                              return viewOf(tx, s.policies, s.policies.get(tx, id));
                          }));
                      }});
    routes.push_back(
        {.method = "PUT",
         .path = "/api/v1/restic/policies/{id}",
         .summary = "Replace a policy",
         .permission = write,
         .audit = Audit::action("restic.policy.updated"),
         .request = &typeOf<PolicyInput>(),
         .response = &typeOf<PolicyView>(),
         .versioned = true,
         .errors = {&errors::kPolicyNotFound, &errors::kInvalidCron, &errors::kRetentionConflict,
                    &errors::kPolicyExists, &errors::kRepositoryNotFound, &errors::kRepositoryExists,
                    &errors::kRepositoryMissing, &errors::kRepositoryUnreachable,
                    &errors::kPluginNotAvailable, &errors::kRetentionNotConfirmed},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kPolicyNotFound);
             const auto input = request.json<PolicyInput>();
             request.audit().object("policy", id.toString());
             return versioned(s.database.transact(request.tenant(), [&](Transaction& tx) {
                 if (core::http::namesVersion(request))
                     lockRow(tx, "restic_policies", id);
                 const auto before = s.policies.get(tx, id);
                 core::http::requireVersion(request, core::formatInstant(before.updatedAt));
                 request.audit().entry.before = core::wire::toJson(viewOf(tx, s.policies, before));
                 auto wanted = policyOf(tx, s, request.principal(), input, s.secrets.ofPolicy(tx, id));
                 s.confirmation.require(tx, before, wanted.retention, input);
                 const auto changed = s.policies.update(tx, id, std::move(wanted));
                 auto view = viewOf(tx, s.policies, changed);
                 request.audit().entry.after = core::wire::toJson(view);
                 return view;
             }));
         }});
    routes.push_back({.method = "DELETE",
                      .path = "/api/v1/restic/policies/{id}",
                      .summary = "Delete a policy; snapshots stay in the repository",
                      .permission = write,
                      .audit = Audit::action("restic.policy.deleted"),
                      .status = 204,
                      .errors = {&errors::kPolicyNotFound, &errors::kPolicyInUse},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kPolicyNotFound);
                          request.audit().object("policy", id.toString());
                          s.database.transact(request.tenant(),
                                              [&](Transaction& tx) { s.policies.remove(tx, id); });
                          return Response::empty();
                      }});
    routes.push_back({.method = "POST",
                      .path = "/api/v1/restic/policies/{id}/adopt",
                      .summary = "Let an imported policy make backups from now on",
                      .permission = write,
                      .audit = Audit::action("restic.policy.adopted"),
                      .response = &typeOf<PolicyView>(),
                      .versioned = true,
                      .errors = {&errors::kPolicyNotFound, &errors::kInvalidCron, &errors::kRetentionConflict,
                                 &errors::kRepositoryMissing, &errors::kRepositoryUnreachable,
                                 &errors::kPluginNotAvailable},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kPolicyNotFound);
                          request.audit().object("policy", id.toString());
                          return versioned(s.database.transact(request.tenant(), [&](Transaction& tx) {
                              if (core::http::namesVersion(request))
                                  lockRow(tx, "restic_policies", id);
                              core::http::requireVersion(
                                  request, core::formatInstant(s.policies.get(tx, id).updatedAt));
                              auto view = viewOf(tx, s.policies, s.policies.adopt(tx, id));
                              request.audit().entry.after = core::wire::toJson(view);
                              return view;
                          }));
                      }});
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/policies/preview",
         .summary = "When a schedule would run",
         .permission = read,
         .audit = Audit::exempt("changes nothing"),
         .request = &typeOf<PreviewInput>(),
         .response = &typeOf<PreviewView>(),
         .errors = {&errors::kInvalidCron},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto input = request.json<PreviewInput>();
             const auto cron = core::Cron::parse(input.schedule, {});
             if (!cron)
                 throw core::Error(errors::kInvalidCron, cron.error().what(),
                                   {{"/schedule", cron.error().what()}});
             const auto* zone = core::findTimeZone(input.timezone);
             if (zone == nullptr)
                 throw core::wire::validationError(
                     {{"/timezone", "\"" + input.timezone +
                                        "\" is no time zone of the IANA database, like Europe/Berlin"}});
             const Schedule schedule{input.schedule, input.timezone, {}, {}, input.blackoutWindows};
             if (const auto slot = nextSlot(schedule, input.from.value_or(s.clock.now())); !slot)
                 throw core::Error(errors::kInvalidCron, slot.error().what(),
                                   {{"/schedule", slot.error().what()}});
             PreviewView view;
             view.varies = cron.value().dependsOnKey();
             auto at = input.from.value_or(s.clock.now());
             for (int i = 0; i < input.count; ++i) {
                 const auto next = nextSlot(cron.value(), *zone, schedule, at);
                 if (!next)
                     break;
                 view.next.push_back(*next);
                 at = *next;
             }
             return Response::of(view);
         }});
}

} // namespace restic
