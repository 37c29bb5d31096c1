// A row of each kind is damaged, each in a tenant of its own: those beside them notice nothing, and each
// owner finds what is wrong with theirs.
#include <regex>

#include <fmt/format.h>

#include "core/encoding.h"
#include "fault/host_fixture.h"
#include "fault/load.h"

namespace test {
namespace {

using core::db::Dialect;

const std::string kRestic = "/api/v1/restic/";

/// What is written into the rows of its tenant ($1), and what comes of it.
struct Poison {
    std::string kind;
    std::string sql;
    std::string shown = {};  ///< by the tenant's status or tasks, as an expression; "" if nothing fails
    std::string logged = {}; ///< a line of the host's log that has the tenant's id, too
    bool anyType = false;    ///< a value of another type, which only SQLite takes
};

const std::string kLeast = "-9223372036854775808";
const std::string kMost = "9223372036854775807";

std::vector<Poison> poisons(Dialect dialect) {
    const auto set = [](const std::string& table, const std::string& what) {
        return "UPDATE " + table + " SET " + what + " WHERE tenant_id = $1";
    };
    std::vector<Poison> all{
        {"agent", set("restic_agents", "metadata = '7', version = '', label = '', arch = ''")},
        {"agent that was seen before all time", set("restic_agents", "last_seen_at_us = " + kLeast)},
        {"agent that was seen after all time", set("restic_agents", "last_seen_at_us = " + kMost)},
        {"policy",
         set("restic_policies", "exclude_paths = '7', tags = '{}', retention_rules = '[]', plugins = "
                                "'\"x\"', max_age_hours = " +
                                    kMost + ", min_size_bytes = " + kLeast)},
        {"schedule that is none", set("restic_policies", "schedule = 'sometimes'"),
         "A scheduled backup was not started: The schedule", "cannot be read"},
        {"schedule that never comes", set("restic_policies", "schedule = '0 0 30 2 *'"),
         "A scheduled backup was not started: .*never comes", "cannot be read"},
        {"zone", set("restic_policies", "timezone = 'No/Where'"),
         "A scheduled backup was not started: .*No/Where", "cannot be read"},
        {"catch up", set("restic_policies", "catch_up = 'perhaps'")},
        {"link that was due before all time",
         set("restic_agent_policy_links", "next_run_at_us = " + kLeast + ", created_at_us = " + kMost)},
        {"link that was due before all time, every slot of it",
         set("restic_policies", "catch_up = 'all'") + ";" +
             set("restic_agent_policy_links", "next_run_at_us = " + kLeast)},
        {"link whose reason is none",
         set("restic_agent_policy_links", "skipped_at_us = " + kMost + ", skip_reason = ''")},
        {"repository", set("restic_repositories", "config = '7', environment_vars = '[]', url = '', "
                                                  "maintenance_timezone = '', check_subset = 'x'")},
        {"secret", set("secrets", "key_id = 'another'"), "secret password of restic_repositories",
         "does not open"},
        {"task",
         set("restic_tasks", "parameters = '7', metadata = '[]', progress = '7', result = '[]', error = "
                             "'7', slot_us = NULL, created_at_us = " +
                                 kMost + ", updated_at_us = " + kLeast)},
        {"task of a kind that is none", set("restic_tasks", "type = 'nonsense'")},
        {"task without a lease's end",
         set("restic_tasks", "status = 'assigned', lease_until_us = " + kLeast + ", attempt = 2147483647")},
        {"task that waits for ever", set("restic_tasks", "status = 'queued', not_before_us = " + kMost)},
        {"attempt",
         set("restic_task_attempts", "outcome = 'nonsense', error = '7', ended_at_us = " + kLeast)},
        {"run", set("restic_backup_runs", "unread_items = '7', unread_count = -1, start_time_us = " + kLeast +
                                              ", end_time_us = " + kMost + ", duration_seconds = 1e308")},
        {"line of a log", set("restic_task_logs", "lines = '{\"a\": 7}', last_seq = 2147483647")},
        {"snapshot", set("restic_snapshots", "paths = '7', tags = '7', hostname = '', time_us = " + kMost +
                                                 ", size_bytes = -1, snapshot_id = '', short_id = ''")},
        {"target",
         set("restic_targets", "name = 'a\"}\n\\', last_run_status = 'nonsense', snapshot_count = -1, "
                               "latest_snapshot_at_us = " +
                                   kLeast + ", last_run_started_at_us = " + kMost)},
        {"token of an agent", set("restic_agent_tokens", "expires_at_us = " + kMost)},
        {"registration token",
         set("restic_registration_tokens", "expires_at_us = " + kMost + ", uses = -1, created_by = ''")},
        {"place", set("restic_repository_places", "place = '', first_success_at_us = " + kLeast)},
        {"event", "INSERT INTO core_outbox (tenant_id, event, fields, created_us) VALUES ($1, "
                  "'restic.backup.completed', '{', " +
                      kLeast + ")"},
        {"event that was set aside", "INSERT INTO core_outbox_dead (subscription, id, tenant_id, event, "
                                     "fields, tries, error, created_us, "
                                     "dead_us) VALUES ('', " +
                                         kLeast + ", $1, '', '{', -1, '', " + kMost + ", " + kLeast + ")"},
        {"invitation",
         set("invitations", "name = '', created_at_us = " + kLeast + ", expires_at_us = " + kMost)},
        {"user", "UPDATE users SET password_hash = 'nonsense', name = '', password_changed_at_us = " + kMost +
                     ", chosen_tenant_id = NULL WHERE id IN (SELECT user_id FROM memberships WHERE tenant_id "
                     "= $1) AND NOT system"},
        {"membership", set("memberships", "name = '', created_at_us = " + kLeast)},
        {"token", set("api_tokens", "name = '', prefix = '', last_used_at_us = " + kMost)},
        {"session", set("sessions", "address = '', created_at_us = " + kLeast)},
        {"audit entry", // written, as it cannot be changed
         "INSERT INTO audit_log (id, tenant_id, at_us, actor_kind, actor_id, actor_name, address, "
         "request_id, "
         "action, object_type, object_id, before, after) VALUES ('01900000-0000-7000-8000-000000000001', "
         "$1, " +
             kMost + ", '', '', '', '', '', '', '', '', '7', '\"x\"')"},
    };
    if (dialect == Dialect::sqlite)
        for (const auto& [table, columns] : std::vector<std::pair<std::string, std::vector<std::string>>>{
                 {"restic_agents", {"last_seen_at_us", "offline_reported_at_us", "paused", "metadata"}},
                 {"restic_policies", {"created_at_us", "enabled", "timeout_seconds"}},
                 {"restic_agent_policy_links", {"next_run_at_us", "skipped_at_us"}},
                 {"restic_repositories", {"updated_at_us"}},
                 {"restic_tasks", {"created_at_us", "timeout_seconds", "attempt", "progress"}},
                 {"restic_targets", {"latest_snapshot_at_us", "snapshot_count"}},
                 {"memberships", {"created_at_us"}},
                 {"api_tokens", {"last_used_at_us"}},
                 {"audit_log", {"at_us"}}})
            for (const auto& column : columns)
                all.push_back(
                    {table + "." + column + " of another type", set(table, column + " = 'x'"), {}, {}, true});
    if (dialect == Dialect::sqlite)
        all.push_back({"held task whose numbers are none",
                       set("restic_tasks", "status = 'running', lease_until_us = 1, timeout_seconds = 'x'"),
                       {},
                       {},
                       true});
    return all;
}

/// A tenant as it is after its first night.
struct Tenant {
    std::string name;
    std::string id;
    std::string token; ///< an admin's
    FakeAgent agent;
    int backups = 0; ///< that its agent has made
};

class PoisonousRow : public FaultyHost, public testing::WithParamInterface<Dialect> {
protected:
    void SetUp() override {
        environment_["AE_HTTP_RATE_LIMIT"] = "0";
        prepare(GetParam(), {});
        const auto login =
            api().send("POST", "/api/v1/auth/login", "",
                       core::json::write(Object{{"email", kAdminEmail}, {"password", kAdminPassword}}));
        ASSERT_EQ(login.status, 200) << login.body;
        admin_ = login.json.stringOr("access_token");
    }

    ApiAnswer of(const Tenant& tenant, const std::string& path) { return api().get(path, tenant.token); }
    std::string made(const Tenant& tenant, const std::string& path, const Object& body, int status = 201) {
        const auto answer = api().post(path, tenant.token, body);
        EXPECT_EQ(answer.status, status) << path << ": " << answer.body;
        return answer.id();
    }

    Tenant makeTenant(const std::string& name) {
        Tenant tenant;
        tenant.name = name;
        tenant.id = post("/api/v1/tenants", {{"name", name}}, 201).stringOr("id");
        const auto token = backend(
            {"--json", "token", "create", "--name", "of " + name, "--role", "admin", "--tenant", tenant.id});
        tenant.token = core::json::parse(token.output).value().stringOr("token");
        tenant.agent = enrolAgents(api(), tenant.token, 1).front();
        const auto repository = made(tenant, kRestic + "repositories",
                                     {{"name", "store"},
                                      {"type", "local"},
                                      {"url", "/srv/" + tenant.id},
                                      {"maintenance", farMaintenance()},
                                      {"password", kRepositoryPassword}});
        auto policy = policyBody("nightly");
        policy.set("repository_id", repository);
        const auto nightly = made(tenant, kRestic + "policies", policy);
        const auto linked = api().send("PUT", kRestic + "agents/" + tenant.agent.id + "/policies/" + nightly,
                                       "Bearer " + tenant.token);
        EXPECT_EQ(linked.status / 100, 2) << linked.body;
        api().post("/api/v1/users", tenant.token,
                   {{"email", "invited@" + tenant.id + ".example"}, {"role", "viewer"}});
        const auto invited = api().post("/api/v1/users", tenant.token,
                                        {{"email", "member@" + tenant.id + ".example"}, {"role", "viewer"}});
        const auto* invitation = invited.json.find("invitation");
        if (invitation == nullptr)
            throw std::runtime_error("nobody is invited: " + invited.body);
        const auto accepted = api().send("POST", "/api/v1/auth/invitations/accept", "",
                                         core::json::write(Object{{"token", invitation->stringOr("token")},
                                                                  {"password", "canary-33-33"}}));
        EXPECT_EQ(accepted.status, 200) << accepted.body;
        return tenant;
    }

    /// By the database itself, as somebody would who repairs something by hand.
    void execute(const std::string& sql, const core::db::Params& params) {
        database().db().transact(core::SystemContext("by hand"),
                                 [&](core::db::Transaction& tx) { tx.execute(sql, params); });
    }
    void poison(const Tenant& tenant, const Poison& with) {
        SCOPED_TRACE(with.kind);
        std::size_t from = 0;
        for (auto end = with.sql.find(';');; end = with.sql.find(';', from)) {
            ASSERT_NO_THROW(execute(with.sql.substr(from, end - from), {*core::Uuid::parse(tenant.id)}));
            if (end == std::string::npos)
                return;
            from = end + 1;
        }
    }
    void allDue(const std::string& except = "") {
        execute("UPDATE restic_agent_policy_links SET next_run_at_us = $1 WHERE next_run_at_us > $1" + except,
                {core::SystemClock().now() - std::chrono::seconds(1)});
    }

    /// Its agent takes what it is given and makes a backup of it; false if there was nothing.
    bool work(Tenant& tenant) {
        const auto poll = api().get(tenant.agent.poll(1) + "&free=5", tenant.agent.token);
        EXPECT_EQ(poll.status, 200) << tenant.name << ": " << poll.body;
        const auto* items = poll.json.find("items");
        if (items == nullptr || items->array()->empty())
            return false;
        for (const auto& envelope : *items->array()) {
            const auto task = envelope.find("payload")->stringOr("task_id");
            const auto attempt = envelope.find("payload")->integerOr("attempt");
            const auto report = [&](Object body) {
                body.set("attempt", attempt);
                const auto answer =
                    api().post(kRestic + "tasks/" + task + "/status", tenant.agent.token, body);
                EXPECT_EQ(answer.status, 200) << tenant.name << ": " << answer.body;
            };
            report({{"status", "running"}});
            const auto lines = api().post(kRestic + "tasks/" + task + "/logs", tenant.agent.token,
                                          {{"attempt", attempt},
                                           {"first_seq", 1},
                                           {"lines", Array{Object{{"timestamp", "2026-01-05T10:00:00.000Z"},
                                                                  {"level", "info"},
                                                                  {"message", "a line"}}}}});
            EXPECT_EQ(lines.status, 200) << tenant.name << ": " << lines.body;
            const auto snapshot = core::hexEncode(core::sha256(task));
            report({{"status", "success"},
                    {"result", Object{{"outcome", "success"},
                                      {"exit_code", 0},
                                      {"snapshot_id", snapshot},
                                      {"short_id", snapshot.substr(0, 8)},
                                      {"files_new", 10},
                                      {"total_files_processed", 10},
                                      {"total_bytes_processed", 1000},
                                      {"paths", Array{"/etc"}},
                                      {"hostname", "web-01"}}}});
            ++tenant.backups;
        }
        return true;
    }

    std::size_t count(const Tenant& tenant, const std::string& list) {
        const auto answer = of(tenant, list + "?limit=500");
        EXPECT_EQ(answer.status, 200) << tenant.name << ' ' << list << ": " << answer.body;
        const auto* items = answer.json.find("items");
        return items == nullptr ? 0 : items->array()->size();
    }
    /// What such a tenant sees after a night.
    void judge(const Tenant& tenant) {
        SCOPED_TRACE(tenant.name);
        for (const std::string list : {"agents", "policies", "repositories"})
            EXPECT_EQ(count(tenant, kRestic + list), 1U) << list;
        for (const std::string list : {"tasks", "backup-runs", "snapshots"})
            EXPECT_EQ(count(tenant, kRestic + list), static_cast<std::size_t>(tenant.backups)) << list;
        EXPECT_EQ(count(tenant, "/api/v1/users"), 2U); // with whoever made the tenant
        EXPECT_EQ(count(tenant, "/api/v1/invitations"), 1U);
        EXPECT_EQ(count(tenant, "/api/v1/tokens"), 1U);
        EXPECT_GE(count(tenant, "/api/v1/audit"), 5U);
        const auto tasks = of(tenant, kRestic + "tasks");
        for (const auto& task : *tasks.json.find("items")->array())
            EXPECT_EQ(task.stringOr("status"), "success") << core::json::write(task);
        const auto status = of(tenant, kRestic + "status");
        ASSERT_NE(status.json.array(), nullptr) << status.body;
        ASSERT_EQ(status.json.array()->size(), 1U);
        EXPECT_EQ(status.json.array()->front().stringOr("status"), "healthy") << status.body;
        const auto metrics = of(tenant, "/metrics");
        EXPECT_EQ(metrics.status, 200) << metrics.body;
        EXPECT_NE(metrics.body.find("restic_target_last_snapshot_timestamp_seconds{"), std::string::npos);
        const auto heartbeat =
            api().post(kRestic + "agents/" + tenant.agent.id + "/heartbeat", tenant.agent.token,
                       {{"version", "1.0.0"}, {"os", "linux"}, {"openTasks", Array{}}});
        EXPECT_EQ(heartbeat.status, 200) << heartbeat.body;
        const auto login = api().send("POST", "/api/v1/auth/login", "",
                                      core::json::write(Object{{"email", "member@" + tenant.id + ".example"},
                                                               {"password", "canary-33-33"}}));
        EXPECT_EQ(login.status, 200) << login.body;
    }
    /// One slot of everybody's schedule.
    void night(std::vector<Tenant>& well) {
        std::vector<int> before;
        for (const auto& tenant : well)
            before.push_back(tenant.backups);
        allDue();
        for (std::size_t i = 0; i < well.size(); ++i) {
            EXPECT_TRUE(await([&] {
                work(well[i]);
                return well[i].backups > before[i];
            })) << well[i].name
                << ": its slot has not become a task";
            EXPECT_EQ(well[i].backups, before[i] + 1);
            judge(well[i]);
        }
        EXPECT_EQ(api().get("/health/live", "").status, 200);
        const auto ready = api().get("/health/ready", "");
        EXPECT_EQ(ready.status, 200) << ready.body;
        // Of all tenants at once.
        const auto metrics = api().get("/metrics", admin_);
        EXPECT_EQ(metrics.status, 200) << metrics.body;
        for (const char* name : {"restic_agents{", "restic_target_last_snapshot_timestamp_seconds{"})
            EXPECT_NE(metrics.body.find(name), std::string::npos) << name;
    }
};
INSTANTIATE_TEST_SUITE_P(Db, PoisonousRow, testing::Values(Dialect::sqlite, Dialect::postgresql),
                         [](const auto& chosen) {
                             return chosen.param == Dialect::sqlite ? "sqlite" : "postgresql";
                         });

TEST_P(PoisonousRow, OfEachKindIsItsOwnTenantsAlone) {
    std::vector<Tenant> well{makeTenant("well"), makeTenant("fine")};
    const auto kinds = poisons(GetParam());
    std::vector<Tenant> sick;
    for (const auto& poison : kinds)
        sick.push_back(makeTenant("with a " + poison.kind));
    allDue();
    for (auto* tenants : {&well, &sick})
        for (auto& tenant : *tenants)
            ASSERT_TRUE(await([&] { return work(tenant); })) << tenant.name;
    for (const auto& tenant : well)
        judge(tenant);

    for (std::size_t i = 0; i < kinds.size(); ++i)
        poison(sick[i], kinds[i]);
    ASSERT_NO_FATAL_FAILURE(night(well));
    // A host that begins with them looks at everything once.
    ASSERT_NO_FATAL_FAILURE(restart());
    ASSERT_NO_FATAL_FAILURE(night(well));

    for (std::size_t i = 0; i < kinds.size(); ++i) {
        SCOPED_TRACE(sick[i].name);
        api().get(sick[i].agent.poll(0) + "&free=5", sick[i].agent.token);
        if (!kinds[i].shown.empty()) {
            std::string shown;
            EXPECT_TRUE(await([&] {
                shown = of(sick[i], kRestic + "status").body + of(sick[i], kRestic + "tasks").body;
                return std::regex_search(shown, std::regex(kinds[i].shown));
            })) << "its owner does not find it: "
                << shown;
        }
        if (!kinds[i].logged.empty()) {
            EXPECT_TRUE(await([&] {
                std::istringstream log(readFile(dir_ / "backend.log"));
                for (std::string line; std::getline(log, line);)
                    if (line.find(sick[i].id) != std::string::npos &&
                        std::regex_search(line, std::regex(kinds[i].logged)))
                        return true;
                return false;
            })) << "no line of the log says whose it is";
        }
    }
    ASSERT_NO_FATAL_FAILURE(night(well));
}

} // namespace
} // namespace test
