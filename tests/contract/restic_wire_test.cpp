#include <random>

#include "agents/agent_routes.h"
#include "api/routes.h"
#include "base/errors.h"
#include "contract/restic_fixture.h"
#include "policies/policy_routes.h"
#include "repositories/repository_routes.h"
#include "restic/protocol/agent_messages.h"
#include "restic/protocol/backup_task.h"
#include "restic/protocol/maintenance_tasks.h"
#include "tasks/retention_previews.h"
#include "tasks/task_routes.h"

namespace test {
namespace {

using core::json::Array;
using core::json::Object;
using core::json::Value;

/// Documents of a wire type's own schema, with what lies at and beyond its edges.
class Documents {
public:
    /// By a field's name: good values, where a schema cannot say what is good.
    using Words = std::map<std::string, std::vector<Value>>;

    Documents(const core::wire::Type& type, unsigned seed, Words words = {})
        : words_(std::move(words)), random_(seed) {
        std::vector<const core::wire::Type*> used{&type};
        for (std::size_t i = 0; i < used.size(); ++i)
            if (!schemas_.contains(used[i]->name()))
                schemas_.emplace(used[i]->name(), used[i]->schema(used));
        root_ = type.name();
    }
    /// Every second one has nothing but what the schema allows.
    Object next() {
        tame_ = !tame_;
        return object(schemas_.at(root_), 0);
    }

private:
    std::size_t below(std::size_t count) {
        return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
    }
    template <typename T>
    const T& oneOf(const std::vector<T>& all) {
        return all[below(all.size())];
    }

    Object object(const Object& schema, int depth) {
        Object made;
        if (const auto* properties = schema.find("properties"))
            for (const auto& [name, field] : properties->object()->members())
                if (below(4) > 0)
                    made.set(name, named(name, *field.object(), depth + 1));
        const auto* closed = schema.find("additionalProperties");
        if (closed != nullptr && closed->boolean() != nullptr && !*closed->boolean())
            return made;
        // What a later version might add.
        made.set("novelty",
                 oneOf<Value>({Value(1e19), Value(-1e22), Value(1e308), Value(5e-324), Value(INT64_MIN),
                               Value("x"), Value(nullptr), Value(Array{1e19, Object{{"a", 1e25}}})}));
        return made;
    }
    Value named(const std::string& name, const Object& schema, int depth) {
        const auto good = words_.find(name);
        if (const auto* allowed = schema.find("enum"); allowed != nullptr && good != words_.end()) {
            for (const auto& word : good->second) // one name, but not everywhere the same words
                if (std::find(allowed->array()->begin(), allowed->array()->end(), word) !=
                    allowed->array()->end())
                    return word;
            return value(schema, depth);
        }
        return good != words_.end() && (tame_ || below(3) > 0) ? oneOf(good->second) : value(schema, depth);
    }
    Value value(const Object& schema, int depth) {
        if (const auto* reference = schema.find("$ref")) {
            const auto& name = *reference->string();
            return object(schemas_.at(name.substr(name.rfind('/') + 1)), depth);
        }
        if (const auto* names = schema.find("enum"))
            return (*names->array())[below(names->array()->size())];
        std::string kind = "object";
        if (const auto* type = schema.find("type")) {
            if (type->array() != nullptr && below(8) == 0)
                return nullptr;
            kind = type->array() != nullptr ? *(*type->array())[0].string() : *type->string();
        }
        if (kind == "boolean")
            return below(2) == 0;
        const auto* least = schema.find("minimum");
        if (tame_ && (kind == "integer" || kind == "number"))
            return least != nullptr ? *least : Value(1);
        if (tame_ && kind == "string" && schema.find("format") == nullptr) {
            const auto* most = schema.find("maxLength");
            return most != nullptr && *most->integer() < 64 ? "aaaaaaaa" : std::string(64, 'a');
        }
        if (kind == "integer")
            return oneOf<Value>({Value(0), Value(1), Value(-1), Value(2147483647), Value(2147483648),
                                 Value(INT64_MAX), Value(INT64_MIN), Value(1e19), Value(64)});
        if (kind == "number")
            return oneOf<Value>({Value(0), Value(0.1), Value(-7), Value(99.99999999999999), Value(1e19),
                                 Value(1e22), Value(1e308), Value(5e-324), Value(100)});
        if (kind == "array") {
            Array list;
            for (auto count = below(4); count > 0; --count)
                list.push_back(value(*schema.find("items")->object(), depth + 1));
            return list;
        }
        if (kind == "object")
            return Object{{"a", 1}, {"b", Array{1e19, "x"}}};
        if (schema.find("format") != nullptr && *schema.find("format")->string() == "date-time")
            return tame_ ? Value("2026-01-31T02:00:00.000Z")
                         : oneOf<Value>({Value("2026-01-31T02:00:00.000Z"), Value("1970-01-01T00:00:00Z"),
                                         Value("9999-12-31T23:59:59.999Z"), Value("10000-01-01T00:00:00Z"),
                                         Value("2026-02-30T00:00:00Z")});
        if (schema.find("format") != nullptr && *schema.find("format")->string() == "uuid")
            return newId().toString();
        return oneOf<Value>({Value(""), Value("web-01"), Value(std::string(64, 'a')),
                             Value("Größe \xF0\x9F\x92\xBE"), Value("a\nb\t\x1b[31m\x7f"),
                             Value("\xE2\x80\xAE"), Value(std::string(70000, 'x')),
                             Value("'; DROP TABLE restic_agents; --"), Value("\\u0000"), Value("\"")});
    }

    Words words_;
    std::mt19937 random_;
    std::map<std::string, Object> schemas_;
    std::string root_;
    bool tame_ = false;
};

class ResticWire : public ResticParts {
protected:
    Uuid web = agent("web-01");

    Value stored(const Value& document) {
        setMetadata(tenant, web, document);
        return here([&](Transaction& tx) { return restic::AgentStore::find(tx, web)->metadata; });
    }

    template <typename T>
    void roundTrips() {
        const auto& type = core::wire::typeOf<T>();
        Documents documents(type, 7, {{"sha256", {std::string(64, 'a')}}, {"items", {nullptr}}});
        int taken = 0;
        for (int i = 0; i < 150; ++i) {
            const Object document = documents.next();
            SCOPED_TRACE(type.name() + " " + core::json::write(document).substr(0, 2000));
            // As it came: what a tolerant reader ignores is kept as well, and must be readable.
            const Value kept = stored(document);
            ASSERT_NE(kept.object(), nullptr);
            EXPECT_EQ(kept.object()->members().size(), document.members().size());
            const auto read = core::wire::read<T>(document);
            const auto again = core::wire::read<T>(kept);
            ASSERT_EQ(read.ok(), again.ok()) << (again.ok() ? "" : again.error().what());
            if (!read.ok())
                continue;
            ++taken;
            const auto written = core::wire::write(read.value());
            EXPECT_EQ(core::wire::write(again.value()), written);
            // As the module writes it.
            const auto parsed = core::json::parse(written);
            ASSERT_TRUE(parsed.ok()) << "what was written cannot be read: " << written;
            const auto back = core::wire::read<T>(stored(parsed.value()));
            ASSERT_TRUE(back.ok()) << back.error().what();
            EXPECT_EQ(core::wire::write(back.value()), written);
        }
        EXPECT_GT(taken, 0) << type.name() << ": nothing that the generator makes is ever taken";
    }
};
BOTH_DATABASES(ResticWire);

TEST_P(ResticWire, WhatIsTakenIsStoredAndReadAgainAsItWas) {
    namespace protocol = restic::protocol;
    roundTrips<protocol::RegisterRequest>();
    roundTrips<protocol::DiskUsage>();
    roundTrips<protocol::OpenTask>();
    roundTrips<protocol::HeartbeatRequest>();
    roundTrips<protocol::Progress>();
    roundTrips<protocol::UnreadItem>();
    roundTrips<protocol::TaskNotice>();
    roundTrips<protocol::BackupResult>();
    roundTrips<protocol::TaskError>();
    roundTrips<protocol::TaskStatusReport>();
    roundTrips<protocol::TaskStatusAck>();
    roundTrips<protocol::ResultItems>();
    roundTrips<protocol::ResultPart>();
    roundTrips<protocol::ResultAck>();
    roundTrips<protocol::SnapshotItem>();
    roundTrips<protocol::LogLine>();
    roundTrips<protocol::LogBatch>();
    roundTrips<protocol::Retention>();
    roundTrips<protocol::CancelPayload>();
    roundTrips<protocol::BackupTask>();
}

/// What people send is generated from what the routes declare.
class ApiWire : public ResticParts {
protected:
    void SetUp() override {
        db.setAuditWriter([this](Transaction& tx, const Uuid* owner, const core::AuditEntry& entry) {
            base.audit.write(tx, owner, entry);
        });
        restic::AgentRoutes{db, clock, host.agents, host.tasks}.addTo(routes);
        const restic::PolicyRoutes policies{db,      clock,       host.policies, host.repositories,
                                            secrets, confirmation};
        policies.addTo(routes);
        policies.addLinksTo(routes);
        restic::RepositoryRoutes{db, clock, host.repositories}.addTo(routes);
        restic::TaskRoutes{db, clock, host.repositories, unsaved, passwords, host.tasks, waker, confirmation}
            .addTo(routes);
        for (auto* more : {&base::api::tenantRoutes, &base::api::tokenRoutes, &base::api::userRoutes,
                           &base::api::invitationRoutes, &base::api::auditRoutes})
            for (auto& route : more(base))
                routes.push_back(std::move(route));
        base.users.create(tenant.tenant(),
                          {"ada@example.com", "correct horse", "Ada", core::http::Role::admin, true},
                          SystemContext("test"));
        system([&](Transaction& tx) {
            const auto ada = base.users.store().findByEmail(tx, "ada@example.com").value();
            admin.id = ada.id;
            admin.name = ada.email;
            auto limits = base.tenants->require(tx, tenant.tenant());
            limits.maxAgents = limits.maxPolicies = 100000;
            base.tenants->update(tx, limits);
        });
        admin.tenant = tenant.tenant();
        admin.role = core::http::Role::admin;
        admin.system = true;
        const auto web = agent("web-01");
        const auto store = repository(tenant, "store");
        auto wanted = draft("nightly");
        wanted.repository = store;
        const auto nightly = policy(tenant, wanted).id;
        link(tenant, web, nightly);
        ids = {{"agents", web}, {"repositories", store}, {"policies", nightly}, {"tenants", *admin.tenant}};
        words = {
            {"schedule", {"0 2 * * *", "*/5 1-4 * * mon-fri", "@daily"}},
            {"timezone", {"UTC", "Europe/Berlin", "Pacific/Kiritimati"}},
            {"maintenance",
             {Object{{"forget_schedule", "30 6 * * *"}, {"prune_schedule", ""}, {"check_subset", "5%"}},
              Object{{"check_schedule", "@weekly"}, {"check_subset", "3/12"}}, Object{}, nullptr}},
            {"maintenance_agent_id", {nullptr}},
            {"append_only", {false}},
            {"email", {"a@example.com", "b@example.com", "c@example.com"}},
            {"hostname", {"db-01", "xn--gre-6ka.example"}},
            {"include_paths", {Array{"/etc"}, Array{"/Größe \xF0\x9F\x92\xBE/x", "/\xE2\x82\xAC"}}},
            {"exclude_paths", {Array{"*.tmp"}, Array{"/var/cache/*", "Müll"}, Array{}}},
            {"tags", {Array{"nightly"}, Array{"Größe", "\xF0\x9F\x92\xBE"}, Array{}}},
            {"retention_rules", {Object{{"keep_daily", 7}}, Object{{"keep_last", 1000}}}},
            {"repository_id", {store.toString(), nullptr}},
            {"policy_id", {nightly.toString(), nullptr}},
            {"agent_id", {web.toString(), nullptr}},
            {"repository_url", {nullptr}},
            {"repository_type", {nullptr}},
            {"repository_config", {nullptr}},
            {"target_id", {nullptr}},
            {"plugins", {Array{}, nullptr}},
            {"pre_hook", {nullptr, "", "stop-shop"}},
            {"post_hook", {nullptr, "start.shop_2"}},
            {"blackout_windows",
             {nullptr, Array{},
              Array{Object{{"days", Array{"mon", "fri"}}, {"from", "08:00"}, {"to", "18:30"}}}}},
            {"assign", {nullptr, Object{{"tags", Array{"shop"}}, {"hostnames", Array{"mail-*", "db-0?"}}}}},
            {"retention_previews", {Value(Array{})}},
            {"type", {"local", "backup"}},
            {"url", {"/srv/one", "/srv/Größe"}},
            {"config", {nullptr}},
            {"password", {"correct horse", "Größe \xF0\x9F\x92\xBE"}},
            {"password_file", {nullptr}},
            {"cert_file", {nullptr, "/etc/ca.pem"}},
            {"environment_vars", {Object{}, Object{{"TMPDIR", "/var/tmp"}}}},
            {"parameters", {Object{{"sources", Array{"/etc", "/Größe"}}}}},
            {"metadata", {Object{{"a", "\xE2\x82\xAC"}}, Object{{"n", 1e22}}, Object{}}}};
    }

    const core::http::Route* find(const std::string& method, const std::string& path) const {
        for (const auto& route : routes)
            if (route.method == method && route.path == path)
                return &route;
        return nullptr;
    }
    /// The answer; an error of the caller's is none.
    std::optional<core::http::Response> send(const core::http::Route& route, const std::string& body,
                                             const std::optional<std::string>& id) {
        core::http::Request request;
        request.method = route.method;
        request.path = route.path;
        request.body = body;
        request.caller = admin;
        request.headers.add("Content-Type", "application/json");
        if (id)
            request.pathParameters = {{"id", *id}};
        request.auditTrail = std::make_shared<core::AuditTrail>();
        request.auditTrail->pending = !route.audit.actionName().empty();
        request.auditTrail->entry.action = route.audit.actionName();
        request.auditTrail->entry.tenant = admin.tenant;
        try {
            return std::get<core::http::Response>(route.handler(request));
        } catch (const Error& error) {
            EXPECT_LT(error.status(), 500)
                << route.method << ' ' << route.path << ' ' << error.what() << ": " << body.substr(0, 3000);
            return std::nullopt;
        }
    }
    /// Such documents to such a route; what it says to those that it takes is what is read afterwards.
    void readsWhatItTook(const core::http::Route& route) {
        std::optional<std::string> id;
        if (const auto at = route.path.find("/{id}"); at != std::string::npos) {
            const auto kind =
                route.path.substr(route.path.rfind('/', at - 1) + 1, at - 1 - route.path.rfind('/', at - 1));
            if (route.path.size() != at + 5 || !ids.contains(kind))
                return;
            id = ids.at(kind).toString();
        }
        const auto* reader = find("GET", route.method == "POST" ? route.location : route.path);
        const auto* list = find("GET", route.path);
        if (reader == nullptr && list == nullptr)
            return;
        Documents documents(*route.request, 11, words);
        int taken = 0;
        // The more fields, the seldomer all of them fit.
        for (int i = 0; i < 120 || (taken <= 5 && i < 1200); ++i) {
            clock.advance(1ms);
            const auto document = documents.next();
            const auto answer = send(route, core::json::write(Value(document)), id);
            if (!answer)
                continue;
            ++taken;
            SCOPED_TRACE(route.method + " " + route.path + " " +
                         core::json::write(Value(document)).substr(0, 3000));
            const auto said = core::json::parse(answer->body);
            ASSERT_TRUE(said.ok()) << answer->body;
            // Texts may come into their one form; everything else is as it was sent.
            for (const auto& [name, value] : document.members())
                if (const auto* after = said.value().find(name); after != nullptr && !value.isNull() &&
                                                                 value.string() == nullptr &&
                                                                 value.object() == nullptr) {
                    EXPECT_EQ(core::json::write(*after), core::json::write(value)) << name;
                }
            const auto its = id ? *id : said.value().stringOr("id");
            if (reader != nullptr) {
                const auto read = send(*reader, "", its);
                ASSERT_TRUE(read);
                const auto again = core::json::parse(read->body);
                ASSERT_TRUE(again.ok()) << read->body;
                for (const auto& [name, value] : again.value().object()->members())
                    if (const auto* before = said.value().find(name); before != nullptr) {
                        EXPECT_EQ(core::json::write(value), core::json::write(*before)) << name;
                    }
            }
            if (list != nullptr && !id) {
                const auto page = send(*list, "", {});
                ASSERT_TRUE(page);
                EXPECT_TRUE(core::json::parse(page->body).ok()) << page->body;
            }
            if (const auto* remover = find("DELETE", route.location); remover != nullptr && !id)
                send(*remover, "", its); // names are free again
        }
        EXPECT_GT(taken, 5) << route.method << ' ' << route.path << " takes too little of what is generated";
        ++judged;
    }

    core::http::Principal admin{core::http::PrincipalKind::user, {},   {}, {},
                                core::http::Role::admin,         true, {}};
    restic::UnsavedRepositories unsaved{base.vault};
    restic::NewPasswords passwords{base.vault};
    restic::AgentWaker waker{[](auto&&...) { return std::nullopt; }, fixture.log.logger()};
    restic::OldSecrets secrets{db, base.vault};
    restic::TaskPreviews previews;
    restic::RetentionConfirmation confirmation{clock, previews};
    std::vector<core::http::Route> routes;
    std::map<std::string, Uuid> ids;
    Documents::Words words;
    int judged = 0;
};
BOTH_DATABASES(ApiWire);

TEST_P(ApiWire, WhatARouteTakesIsReadAgainAsItSaid) {
    for (const auto& route : routes)
        if (route.request != nullptr && !route.audit.actionName().empty())
            readsWhatItTook(route);
    EXPECT_GE(judged, 8);
    // With what was written down of all of it.
    const auto audit = send(*find("GET", "/api/v1/audit"), "", {});
    ASSERT_TRUE(audit);
    EXPECT_TRUE(core::json::parse(audit->body).ok());
}

} // namespace
} // namespace test
