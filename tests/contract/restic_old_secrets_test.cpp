#include "contract/restic_fixture.h"
#include "repositories/old_places.h"
#include "repositories/old_secrets.h"
#include "repositories/place.h"

namespace test {
namespace {

/// A database as the first version left it, brought to the present one.
class OldRows : public BothDatabases {
protected:
    std::vector<ModuleMigrations> first() {
        auto modules = now();
        for (auto& module : modules) {
            std::sort(module.list.begin(), module.list.end(),
                      [](const auto& a, const auto& b) { return a.version < b.version; });
            module.list.resize(1);
        }
        return modules;
    }
    std::vector<ModuleMigrations> now() {
        return {{"base", base_migrations(GetParam())}, {"restic", restic_migrations(GetParam())}};
    }
    std::string one(const std::string& sql) {
        return db.read(SystemContext("t"), [&](Transaction& tx) {
            const auto rows = tx.query(sql);
            return rows.empty() || rows[0].isNull(0) ? std::string("none") : rows[0].text(0);
        });
    }
    TestDatabase fixture{GetParam()};
    Database& db = fixture.db();
    FakeClock clock;
    const std::string tenant = "0190f3a0-0000-7000-8000-000000000001";
    const std::string repository = "0190f3a0-0000-7000-8000-000000000002";
    const std::string policy = "0190f3a0-0000-7000-8000-000000000003";
};
BOTH_DATABASES(OldRows);

TEST_P(OldRows, PeopleKeepWhatTheyHave) {
    applyMigrations(db, first());
    db.transact(SystemContext("t"), [&](Transaction& tx) {
        tx.execute("INSERT INTO tenants (id, name, created_at_us, updated_at_us) VALUES "
                   "($1, 'default', 1, 1), ($2, 'b', 2, 2)",
                   {Uuid::parse(tenant).value(), newId()});
        tx.execute("INSERT INTO users (id, email, password_hash, name, active, created_at_us, updated_at_us, "
                   "password_changed_at_us) VALUES ($1, 'on@x', 'h', 'On', true, 1, 1, 1), "
                   "($2, 'off@x', 'h', 'Off', false, 1, 1, 1)",
                   {newId(), newId()});
        tx.execute("INSERT INTO memberships (user_id, tenant_id, role, created_at_us) "
                   "SELECT id, $1::uuid, 'admin', 1 FROM users",
                   {Uuid::parse(tenant).value()});
    });
    applyMigrations(db, now());
    EXPECT_EQ(one("SELECT name FROM tenants WHERE is_default"), "default");
    EXPECT_EQ(one("SELECT u.email FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.active"),
              "on@x");
    EXPECT_EQ(one("SELECT u.email FROM memberships m JOIN users u ON u.id = m.user_id WHERE NOT m.active"),
              "off@x");
    EXPECT_EQ(one("SELECT email FROM users WHERE NOT active"), "none")
        << "a tenant's decision is its own now";
    EXPECT_EQ(one("SELECT role FROM memberships WHERE suspended_at_us IS NOT NULL"), "none");
}

TEST_P(OldRows, HostNamesComeIntoOneForm) {
    applyMigrations(db, first());
    db.transact(SystemContext("t"), [&](Transaction& tx) {
        const auto owner = Uuid::parse(tenant).value();
        tx.execute(
            "INSERT INTO tenants (id, name, created_at_us, updated_at_us) VALUES ($1, 'default', 1, 1)",
            {owner});
        for (const char* name : {"Web-01 \n", "H2", "h2"})
            tx.execute(
                "INSERT INTO restic_agents (id, tenant_id, hostname, os, arch, version, status, "
                "created_at_us, updated_at_us) VALUES ($1, $2, $3, 'linux', 'a', '1', 'offline', 1, 1)",
                {newId(), owner, name});
    });
    applyMigrations(db, now());
    EXPECT_EQ(one("SELECT hostname FROM restic_agents WHERE hostname LIKE '%eb%'"), "web-01");
    EXPECT_EQ(one("SELECT hostname FROM restic_agents WHERE hostname = 'H2'"), "H2")
        << "h2 is another machine";
}

TEST_P(OldRows, ADamagedRepositoryHasTheNameOfNow) {
    applyMigrations(db, first());
    const auto owner = Uuid::parse(tenant).value();
    const auto agent = newId();
    const auto task = newId();
    db.transact(SystemContext("t"), [&](Transaction& tx) {
        tx.execute(
            "INSERT INTO tenants (id, name, created_at_us, updated_at_us) VALUES ($1, 'default', 1, 1)",
            {owner});
        tx.execute("INSERT INTO restic_agents (id, tenant_id, hostname, os, arch, version, status, "
                   "created_at_us, updated_at_us) VALUES ($1, $2, 'h', 'linux', 'a', '1', 'offline', 1, 1)",
                   {agent, owner});
        const core::json::Value error(
            core::json::Object{{"error", "RepositoryDamaged"}, {"message", "pack x"}, {"hint", ""}});
        tx.execute("INSERT INTO restic_tasks (id, tenant_id, agent_id, type, status, error, created_at_us, "
                   "updated_at_us) VALUES ($1, $2, $3, 'check', 'failed', $4, 1, 1)",
                   {task, owner, agent, error});
        tx.execute("INSERT INTO restic_task_attempts (tenant_id, task_id, attempt, agent_id, assigned_at_us, "
                   "error) VALUES ($1, $2, 1, $3, 1, $4)",
                   {owner, task, agent, error});
    });
    applyMigrations(db, now());
    for (const auto* table : {"restic_tasks", "restic_task_attempts"}) {
        const auto error = db.read(SystemContext("t"), [&](Transaction& tx) {
            return tx.query(std::string("SELECT error FROM ") + table)[0].json(0);
        });
        EXPECT_EQ(error.stringOr("error"), "RepositoryCorrupted") << table;
        EXPECT_EQ(error.stringOr("message"), "pack x") << table;
    }
}

TEST_P(OldRows, SecretsGoIntoTheVaultAndOutOfTheAuditLog) {
    applyMigrations(db, first());
    const auto owner = Uuid::parse(tenant).value();
    const core::json::Object environment{{"AWS_SECRET_ACCESS_KEY", "canary-key"},
                                         {"AWS_REGION", "eu-1"},
                                         {"LD_PRELOAD", "/tmp/canary.so"},
                                         {"OS_AUTH_URL", "https://u:canary-url@h"}};
    const core::json::Array plugins{core::json::Object{
        {"name", "mysql"},
        {"settings",
         core::json::Object{{"host", "db"},
                            {"password", "canary-db"},
                            {"password_file", "/etc/db.pass"},
                            {"replicas", core::json::Array{core::json::Object{{"apiKey", "canary-2"}}}},
                            {"dsn", "mysql://a:canary-dsn@db/x"}}}}};
    db.transact(SystemContext("t"), [&](Transaction& tx) {
        tx.execute(
            "INSERT INTO tenants (id, name, created_at_us, updated_at_us) VALUES ($1, 'default', 1, 1)",
            {owner});
        for (const bool archived : {false, true})
            tx.execute("INSERT INTO restic_repositories (id, tenant_id, name, type, url, environment_vars, "
                       "archived_at_us, created_at_us, updated_at_us) VALUES ($1, $2, 'r', 'local', '/r', "
                       "$3, $4, 1, 1)",
                       {archived ? newId() : Uuid::parse(repository).value(), owner,
                        core::json::Value(environment),
                        archived ? std::optional(clock.now()) : std::nullopt});
        tx.execute(
            "INSERT INTO restic_policies (id, tenant_id, name, schedule, include_paths, retention_rules, "
            "plugins, created_at_us, updated_at_us) VALUES ($1, $2, 'p', '0 2 * * *', '[]', '{}', $3, 1, 1)",
            {Uuid::parse(policy).value(), owner, core::json::Value(plugins)});
        const base::AuditStore audit(clock);
        for (const auto& [type, after] : std::vector<std::pair<std::string, core::json::Object>>{
                 {"repository", {{"name", "r"}, {"environment_vars", environment}}},
                 {"policy", {{"name", "p"}, {"plugins", plugins}}},
                 {"user", {{"email", "a@x"}}}}) {
            core::AuditEntry entry;
            entry.action = "restic." + type + ".updated";
            entry.objectType = type;
            entry.before = entry.after = after;
            audit.write(tx, &owner, entry);
        }
    });
    applyMigrations(db, now());
    const auto vault =
        std::make_shared<base::Vault>(std::make_shared<base::KeyRing>(std::string(32, 'v')), clock);
    restic::OldSecrets secrets(db, vault);
    EXPECT_EQ(secrets.moveIntoVault(fixture.log.logger()), 3);
    EXPECT_EQ(secrets.moveIntoVault(fixture.log.logger()), 0);

    db.read(SystemContext("t"), [&](Transaction& tx) {
        for (const std::string sql :
             {"SELECT environment_vars FROM restic_repositories", "SELECT plugins FROM restic_policies",
              "SELECT before FROM audit_log", "SELECT after FROM audit_log"})
            for (const auto& row : tx.query(sql)) {
                const auto text = core::json::write(row.json(0));
                EXPECT_EQ(text.find("canary"), std::string::npos) << sql << ": " << text;
                EXPECT_NE(text, "{}") << sql;
            }
    });
    EXPECT_EQ(one("SELECT action FROM audit_log WHERE object_type = 'policy'"), "restic.policy.updated");
    db.read(TenantContext(owner), [&](Transaction& tx) {
        const auto kept = secrets.environmentOf(tx, Uuid::parse(repository).value());
        EXPECT_EQ(kept, (std::map<std::string, std::string>{{"AWS_SECRET_ACCESS_KEY", "canary-key"},
                                                            {"OS_AUTH_URL", "https://u:canary-url@h"}}));
        const auto stored = tx.query("SELECT plugins FROM restic_policies")[0].json(0);
        const auto* settings = stored.array()->front().find("settings");
        const auto* reference = settings->find("password")->find("vault");
        ASSERT_NE(reference, nullptr);
        EXPECT_EQ(
            vault->get(tx, {owner, "restic_policies", Uuid::parse(policy).value(), *reference->string()}),
            "canary-db");
        EXPECT_EQ(*settings->find("password_file")->string(), "/etc/db.pass");
        EXPECT_EQ(secrets.ofPolicy(tx, Uuid::parse(policy).value()).size(), 3U);
    });
}

class HandedOut : public ResticParts {};
BOTH_DATABASES(HandedOut);

TEST_P(HandedOut, ATasksEnvironmentComesFromRowAndVault) {
    const auto machine = agent("web-01");
    const auto store = repository(tenant, "store");
    here([&](Transaction& tx) {
        tx.execute("UPDATE restic_repositories SET environment_vars = $2 WHERE id = $1",
                   {store, core::json::Value(core::json::Object{{"AWS_REGION", "eu-1"}})});
        base.vault->put(tx,
                        {tenant.tenant(), "restic_repositories", store, "environment.AWS_SECRET_ACCESS_KEY"},
                        "canary-key");
        EXPECT_TRUE(host.repositories.hasPassword(tx, store));
        base.vault->erase(tx, {tenant.tenant(), "restic_repositories", store, "password"});
        EXPECT_FALSE(host.repositories.hasPassword(tx, store)) << "a key is no password";
        base.vault->put(tx, {tenant.tenant(), "restic_repositories", store, "password"}, kSecret);
    });
    restic::TaskRequest input;
    input.type = "backup";
    input.agent = machine;
    input.repository = store;
    input.parameters = core::json::Object{{"sources", core::json::Array{"/etc"}}};
    host.tasks.create(tenant, input);
    const auto poll = host.tasks.handOut(tenant, machine, 1);
    ASSERT_EQ(poll.items.size(), 1U);
    const auto* given = poll.items[0].payload.find("repository");
    ASSERT_NE(given, nullptr);
    EXPECT_EQ(given->find("environment")->stringOr("AWS_REGION"), "eu-1");
    EXPECT_EQ(given->find("environment")->stringOr("AWS_SECRET_ACCESS_KEY"), "canary-key");
}

TEST_P(OldRows, PlacesAreSpelledAndKeepTheirMarks) {
    auto old = now();
    for (auto& module : old)
        if (module.module == "restic")
            std::erase_if(module.list, [](const auto& migration) { return migration.version > 10; });
    applyMigrations(db, old);
    const core::TenantContext owner(Uuid::parse(tenant).value());
    const auto first = newId(), second = newId();
    db.transact(SystemContext("t"), [&](Transaction& tx) {
        tx.execute("INSERT INTO tenants (id, name, created_at_us, updated_at_us) VALUES ($1, 'a', 1, 1)",
                   {owner.tenant()});
        const auto add = [&](const Uuid& id, const std::string& name, const std::string& url) {
            tx.execute("INSERT INTO restic_repositories (id, tenant_id, name, type, url, created_at_us, "
                       "updated_at_us) VALUES ($1, $2, $3, 'rest', $4, 1, 1)",
                       {id, owner.tenant(), name, url});
        };
        add(first, "first", "rest:https://al.example.org/r/");
        add(second, "second", "rest:https://AL.example.org:443/r");
        tx.execute("INSERT INTO restic_repository_places (tenant_id, place, first_success_at_us) VALUES "
                   "($1, 'rest:rest:https://AL.example.org:443/r', 5), ($1, 'azure:azure:c:p|ada', 6)",
                   {owner.tenant()});
    });
    applyMigrations(db, now());
    EXPECT_EQ(restic::spellOldPlaces(db, fixture.log.logger()), 2);
    EXPECT_EQ(restic::spellOldPlaces(db, fixture.log.logger()), 0);
    EXPECT_NE(fixture.log.text().find("two repositories are at one place"), std::string::npos);
    db.transact(owner, [&](Transaction& tx) {
        using restic::RepositoryStore;
        const auto one = RepositoryStore::find(tx, first).value(),
                   other = RepositoryStore::find(tx, second).value();
        EXPECT_EQ(one.place, placeOf(one));
        EXPECT_EQ(one.place, other.place);
        EXPECT_EQ(other.url, "rest:https://AL.example.org:443/r") << "restic is given what was written";
        EXPECT_TRUE(restic::PlaceStore::firstSuccess(tx, one.place));
        EXPECT_TRUE(restic::PlaceStore::firstSuccess(tx, "azure:azure:c:/p|ada"));
        EXPECT_EQ(
            tx.query("SELECT count(*) FROM restic_repository_places WHERE tenant_id = $1", {tx.tenant()})[0]
                .integer(0),
            2);
    });
}

} // namespace
} // namespace test
