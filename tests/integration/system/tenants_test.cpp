#include <set>

#include "integration/system/agent_fixture.h"

namespace test {
namespace {

/// Two tenants with one thing of each kind, and what the person of one gets for the other's ids, in addresses
/// and in bodies, everywhere in the API.
class Tenants : public BackupSystemTest {
protected:
    /// One tenant's things, by the word that stands before them in addresses.
    struct Side {
        std::string tenant, email, token, refresh;
        std::map<std::string, std::string> ids;
    };
    void SetUp() override {
        configureHost("http:\n  throttle_account: 1000\n  throttle_address: 1000\n");
        writeFile(dir_ / "password", kForeignPassword + "\n");
        startBackend(); // first: it makes its own administrator while there is nobody
        for (const auto& arguments : std::vector<std::vector<std::string>>{
                 {"tenant", "create", "--name", "second"},
                 {"user", "create", "--email", "boss@second.example", "--role", "admin", "--tenant", "second",
                  "--password-file", (dir_ / "password").string()}}) {
            const auto made = backend(arguments);
            ASSERT_TRUE(made.exit.ok()) << made.error << made.output;
        }
        ours_ = fill(kAdminEmail, kAdminPassword, "ours");
        theirs_ = fill("boss@second.example", kForeignPassword, "theirs");
        ASSERT_NE(ours_.tenant, theirs_.tenant);
    }
    Side fill(const std::string& email, const std::string& password, const std::string& name) {
        const auto in =
            api().send("POST", "/api/v1/auth/login", "", write({{"email", email}, {"password", password}}));
        EXPECT_EQ(in.status, 200) << in.body;
        Side side{in.json.find("user")->stringOr("tenant_id"),
                  email,
                  in.json.stringOr("access_token"),
                  in.json.stringOr("refresh_token"),
                  {}};
        const auto make = [&](const std::string& path, const Object& body, int status) {
            const auto made = api().post(path, side.token, body);
            EXPECT_EQ(made.status, status) << path << ": " << made.body;
            return made.json;
        };
        const std::string base = "/api/v1/restic/";
        auto& ids = side.ids;
        ids["tenants"] = side.tenant;
        ids["users"] = in.json.find("user")->stringOr("id");
        ids["tokens"] = make("/api/v1/tokens", {{"name", "script"}}, 201).stringOr("id");
        ids["invitations"] = make("/api/v1/users", {{"email", "new@" + name + ".example"}}, 201)
                                 .find("invitation")
                                 ->stringOr("id");
        const auto registration = make(base + "agents/registration-tokens", {}, 201).stringOr("token");
        ids["agents"] = api()
                            .post(base + "agents/register", registration,
                                  {{"hostname", name}, {"os", "linux"}, {"arch", "amd64"}, {"version", "1"}})
                            .json.stringOr("agentId");
        ids["repositories"] = make(base + "repositories",
                                   {{"name", name},
                                    {"type", "local"},
                                    {"url", "/srv/" + name},
                                    {"password", kRepositoryPassword}},
                                   201)
                                  .stringOr("id");
        auto policy = policyBody(name);
        policy.set("repository_id", ids["repositories"]);
        ids["policies"] = make(base + "policies", policy, 201).stringOr("id");
        EXPECT_EQ(api()
                      .send("PUT", base + "agents/" + ids["agents"] + "/policies/" + ids["policies"],
                            "Bearer " + side.token)
                      .status,
                  204);
        ids["targets"] = api().get(base + "status", side.token).json.array()->front().stringOr("id");
        ids["tasks"] = make(base + "tasks", taskBody(side), 202).stringOr("id");
        ids["backup-runs"] = ids["tasks"];
        return side;
    }
    static std::string write(const Object& body) { return core::json::write(Value(body)); }
    static Object taskBody(const Side& side) {
        return {{"type", "backup"},
                {"agent_id", side.ids.at("agents")},
                {"policy_id", side.ids.at("policies")},
                {"repository_id", side.ids.at("repositories")}};
    }
    /// A good body of each route that has ids in its address or in its body: a route that is missing here
    /// fails the tests.
    std::optional<Object> body(const std::string& route) const {
        const auto& ids = theirs_.ids;
        auto policy = policyBody("another");
        const Object repository{{"name", "another"},
                                {"type", "local"},
                                {"url", "/srv/another"},
                                {"password", kRepositoryPassword}};
        auto tested = repository;
        tested.set("agent_id", ids.at("agents"));
        const std::map<std::string, Object> bodies{
            {"POST /api/v1/auth/login", {{"email", theirs_.email}, {"password", kForeignPassword}}},
            {"POST /api/v1/auth/refresh", {{"refresh_token", theirs_.refresh}}},
            {"POST /api/v1/auth/switch", {{"tenant_id", ids.at("tenants")}}},
            {"PUT /api/v1/tenants/{id}", {{"name", "taken"}}},
            {"PUT /api/v1/tokens/{id}", {{"name", "taken"}}},
            {"PUT /api/v1/users/{id}",
             {{"role", "viewer"}, {"password", "taken over now"}, {"active", false}}},
            {"PUT /api/v1/restic/agents/{id}", {{"paused", true}}},
            {"POST /api/v1/restic/repositories", repository},
            {"POST /api/v1/restic/repositories/test", tested},
            {"PUT /api/v1/restic/repositories/{id}", repository},
            {"POST /api/v1/restic/repositories/{id}/start-anew", {}},
            {"POST /api/v1/restic/repositories/{id}/password", {{"password", kRepositoryPassword}}},
            {"POST /api/v1/restic/repositories/{id}/test", {}},
            {"POST /api/v1/restic/targets",
             {{"name", "taken"},
              {"repository_id", ids.at("repositories")},
              {"policy_id", ids.at("policies")}}},
            {"PUT /api/v1/restic/targets/{id}",
             {{"name", "taken"},
              {"mode", "agent"},
              {"agent_id", ids.at("agents")},
              {"repository_id", ids.at("repositories")},
              {"policy_id", ids.at("policies")}}},
            {"POST /api/v1/restic/policies", policy},
            {"PUT /api/v1/restic/policies/{id}", policy},
            {"POST /api/v1/restic/policies/{id}/adopt", {}},
            {"PUT /api/v1/restic/agents/{id}/policies/{policy_id}/options", {{"priority", 3}}},
            {"PUT /api/v1/restic/policy-defaults", {{"priority", 3}}},
            {"POST /api/v1/restic/tasks", taskBody(theirs_)},
            {"PUT /api/v1/restic/agents/{id}/plugins/{name}", {{"enabled", false}}},
            {"POST /api/v1/restic/agents/{id}/plugins/{name}/test", {}},
            {"POST /api/v1/restic/snapshots/{id}/restore", {{"database", "taken"}}},
            {"POST /api/v1/restic/snapshots/{id}/verify", {}},
            {"POST /api/v1/restic/snapshots/{id}/tags", {{"add", Array{"taken"}}}},
            {"POST /api/v1/restic/snapshots/{id}/forget", {{"confirm", "aaaaaaaa"}}},
            {"POST /api/v1/restic/snapshots/{id}/files", {{"path", "/"}}},
            {"POST /api/v1/restic/snapshots/{a}/diff/{b}", {}},
            {"POST /api/v1/restic/repositories/{id}/find", {{"pattern", "taken"}}},
            // Agents' own, which no person may call at all.
            {"POST /api/v1/restic/agents/{id}/heartbeat", {}},
            {"POST /api/v1/restic/tasks/{id}/status", {}},
            {"POST /api/v1/restic/tasks/{id}/logs", {}},
            {"POST /api/v1/restic/tasks/{id}/result", {}},
        };
        const auto found = bodies.find(route);
        return found == bodies.end() ? std::nullopt : std::optional(found->second);
    }
    /// The names of the body's fields that are ids.
    std::vector<std::string> idsOfBody(const ApiDocument::Operation& operation) {
        std::vector<std::string> names;
        const auto* content = operation.object->find("requestBody");
        if (content == nullptr)
            return names;
        const auto* schema = content->find("content")->find("application/json")->find("schema");
        const auto reference = schema->stringOr("$ref");
        const auto name = reference.substr(reference.rfind('/') + 1);
        if (!document_)
            document_ = api().send("GET", "/openapi.json", "").json;
        const auto* type = document_->find("components")->find("schemas")->find(name);
        const auto* properties = type != nullptr ? type->find("properties") : nullptr;
        if (properties == nullptr)
            return names;
        for (const auto& [field, property] : properties->object()->members())
            if (core::json::write(property).find("\"uuid\"") != std::string::npos || field.ends_with("_id"))
                names.push_back(field);
        return names;
    }
    /// Answers to a request about another tenant's thing, and about nobody's, must be one and the same.
    void same(const std::string& what, const std::string& method, const std::string& path, const Value& body,
              const std::string& foreign) {
        const auto ask = [&](const std::string& id) {
            const auto put = [&](std::string text) {
                for (auto at = text.find(kPlace); at != std::string::npos; at = text.find(kPlace))
                    text.replace(at, kPlace.size(), id);
                return text;
            };
            const bool none = body.isNull();
            auto answer = api().send(method, put(path), "Bearer " + theirs_.token,
                                     none ? std::nullopt : std::optional(put(core::json::write(body))));
            for (auto at = answer.body.find(id); at != std::string::npos; at = answer.body.find(id))
                answer.body.replace(at, id.size(), kPlace);
            return answer;
        };
        const auto nobodys = ask(kNobody);
        const auto others = ask(foreign);
        EXPECT_EQ(others.status, nobodys.status) << what << ": " << others.body;
        EXPECT_EQ(others.body, nobodys.body) << what;
        EXPECT_TRUE(others.status == 404 || others.status == 403 || others.status == 401)
            << what << ": " << others.status << ' ' << others.body;
    }
    /// Everything of ours, as we see it.
    std::string state() {
        std::string all;
        for (const auto& [kind, id] : ours_.ids) {
            if (kind == "targets" || kind == "invitations")
                continue;
            const bool base = kind == "tenants" || kind == "users" || kind == "tokens";
            all +=
                api().get((base ? "/api/v1/" : "/api/v1/restic/") + kind + "/" + id, ours_.token).body + "\n";
        }
        return all + api().get("/api/v1/invitations", ours_.token).body +
               api().get("/api/v1/users", ours_.token).body;
    }

    static inline const std::string kForeignPassword = "password of the second";
    static inline const std::string kNobody = "0190f3a0-0000-7000-8000-000000000000";
    static inline const std::string kPlace = "THE-ID-IN-QUESTION";
    Side ours_, theirs_;
    std::optional<Value> document_;
};

TEST_F(Tenants, AnothersIdsInAddressesAreLikeNobodys) {
    const auto before = state();
    int asked = 0;
    for (const auto& operation : api().document().operations()) {
        const auto route = operation.method + " " + operation.path;
        const auto first = operation.path.find('{');
        if (first == std::string::npos)
            continue;
        const auto given = body(route);
        const bool empty = operation.object->find("requestBody") == nullptr;
        if (!empty && !given)
            ADD_FAILURE() << route << " has a body, and this test has none for it";
        const Value sent = given ? Value(*given) : Value();
        // Each id of the address is the other's once, the rest are our own.
        for (auto at = first; at != std::string::npos; at = operation.path.find('{', at + 1)) {
            const auto word = [&](std::size_t brace) {
                const auto start = operation.path.rfind('/', brace - 2) + 1;
                return operation.path.substr(start, brace - 1 - start);
            };
            if (!ours_.ids.contains(word(at)))
                continue; // snapshots, of which there is none, and names
            std::string path;
            for (std::size_t i = 0; i < operation.path.size(); ++i) {
                if (operation.path[i] != '{') {
                    path += operation.path[i];
                    continue;
                }
                const auto own = theirs_.ids.find(word(i));
                path += i == at ? kPlace : own != theirs_.ids.end() ? own->second : kNobody;
                i = operation.path.find('}', i);
            }
            same(route, operation.method, path, sent, ours_.ids.at(word(at)));
            ++asked;
        }
    }
    EXPECT_GT(asked, 25);
    EXPECT_EQ(state(), before);
}

TEST_F(Tenants, AnothersIdsInBodiesAreLikeNobodys) {
    const auto before = state();
    int asked = 0;
    const std::map<std::string, std::string> kinds{
        {"tenant_id", "tenants"},          {"agent_id", "agents"},   {"policy_id", "policies"},
        {"repository_id", "repositories"}, {"target_id", "targets"}, {"user_id", "users"},
        {"maintenance_agent_id", "agents"}};
    for (const auto& operation : api().document().operations()) {
        const auto route = operation.method + " " + operation.path;
        auto path = operation.path;
        for (const auto& [kind, id] : theirs_.ids)
            if (const auto at = path.find(kind + "/{id}"); at != std::string::npos)
                path.replace(at + kind.size() + 1, 4, id);
        if (const auto at = path.find("{id}"); at != std::string::npos)
            path.replace(at, 4, "0190f3a0-0000-7000-8000-000000000001"); // snapshots, of which there is none
        for (const auto* name : {"{a}", "{b}"})                          // such too
            if (const auto at = path.find(name); at != std::string::npos)
                path.replace(at, 3, "0190f3a0-0000-7000-8000-000000000001");
        for (const auto& field : idsOfBody(operation)) {
            if (field == "retention_previews")
                continue; // looked at only where rules keep less: ResticRetention has another's
            if (field == "snapshot_ids")
                continue; // of snapshots, of which there is none: ResticLooks has another's
            const auto kind = kinds.find(field);
            ASSERT_NE(kind, kinds.end())
                << route << " has the id " << field << ", which this test does not know";
            auto sent = body(route);
            ASSERT_TRUE(sent) << route << " has ids in its body, and this test has no body for it";
            sent->set(field, kPlace);
            same(route + " with " + field, operation.method, path, Value(*sent), ours_.ids.at(kind->second));
            ++asked;
        }
    }
    EXPECT_GE(asked, 9);
    // Where ids are within what is free in form.
    auto policy = policyBody("inline");
    policy.set("repository_config",
               Object{{"path", "/srv/inline"}, {"password", "a good one"}, {"agent_id", kPlace}});
    same("an inline repository's agent", "POST", "/api/v1/restic/policies", Value(policy),
         ours_.ids.at("agents"));
    EXPECT_EQ(state(), before);
    // The bodies are good but for those ids, or the test would show nothing.
    for (const char* path : {"repositories", "policies", "tasks"}) {
        const auto answer = api().post(std::string("/api/v1/restic/") + path, theirs_.token,
                                       *body(std::string("POST /api/v1/restic/") + path));
        EXPECT_EQ(answer.status / 100, 2) << path << ": " << answer.body;
    }
}

// Create here, then add there.
TEST_F(Tenants, APersonOfOneIsNotTheOthersToAddOrToFind) {
    const auto invite = [&](const std::string& email, const std::string& role) {
        return api().post("/api/v1/users", theirs_.token, {{"email", email}, {"role", role}});
    };
    const auto shape = [](ApiAnswer answer, const std::string& email) {
        std::string keys;
        for (const auto& [name, value] : answer.json.object()->members())
            keys += name + (value.object() != nullptr ? "{}" : "=" + core::json::write(value)) + ";";
        for (const auto& [name, value] : answer.json.find("invitation")->object()->members())
            keys += name + ";";
        keys.replace(keys.find(email), email.size(), "EMAIL");
        return keys + std::to_string(answer.status);
    };
    // Known, unknown, and the host's own administrator.
    const std::string known = kAdminEmail;
    const auto first = invite(known, "admin");
    EXPECT_EQ(shape(first, known), shape(invite("x@x.example", "admin"), "x@x.example"));
    // Nothing has happened to the account.
    const auto login = [&](const std::string& email, const std::string& password) {
        return api().send("POST", "/api/v1/auth/login", "",
                          write({{"email", email}, {"password", password}}));
    };
    const auto in = login(kAdminEmail, kAdminPassword);
    ASSERT_EQ(in.status, 200) << in.body;
    EXPECT_EQ(in.json.find("user")->stringOr("tenant_id"), ours_.tenant);
    EXPECT_EQ(in.json.find("user")->find("tenants")->array()->size(), 1U);
    const auto listed = api().get("/api/v1/users", theirs_.token);
    EXPECT_EQ(listed.body.find(kAdminEmail), std::string::npos) << listed.body;
    // Its holder alone can take it: not the inviter with a password of theirs, nor signed in as themselves.
    const auto token = first.json.find("invitation")->stringOr("token");
    const auto accept = [&](const std::string& bearer, const Object& body) {
        return api().send("POST", "/api/v1/auth/invitations/accept", bearer.empty() ? "" : "Bearer " + bearer,
                          write(body));
    };
    EXPECT_EQ(accept("", {{"token", token}, {"password", "password of the inviter"}}).status, 401);
    EXPECT_EQ(accept(theirs_.token, {{"token", token}}).status, 403);
    EXPECT_EQ(login(kAdminEmail, "password of the inviter").status, 401);
    const auto joined = accept(in.json.stringOr("access_token"), {{"token", token}});
    ASSERT_EQ(joined.status, 200) << joined.body;
    EXPECT_EQ(joined.json.find("user")->find("tenants")->array()->size(), 2U);
    EXPECT_EQ(accept(in.json.stringOr("access_token"), {{"token", token}}).status, 404) << "once";
    // And back, by the person's own choice.
    const auto back = api().post("/api/v1/auth/switch", joined.json.stringOr("access_token"),
                                 {{"tenant_id", ours_.tenant}});
    ASSERT_EQ(back.status, 200) << back.body;
    EXPECT_EQ(back.json.find("user")->stringOr("tenant_id"), ours_.tenant);
    EXPECT_EQ(login(kAdminEmail, kAdminPassword).json.find("user")->stringOr("tenant_id"), ours_.tenant);
}

// First an account at the one, with a password of its own; later the other makes the address a member.
TEST_F(Tenants, AnAddressThatSomebodyTookFirstOpensNothing) {
    const auto invited = [&](const std::string& by) {
        return api()
            .post("/api/v1/users", by, {{"email", "ceo@first.example"}, {"role", "admin"}})
            .json.find("invitation")
            ->stringOr("token");
    };
    const auto squatted =
        api().send("POST", "/api/v1/auth/invitations/accept", "",
                   write({{"token", invited(theirs_.token)}, {"password", "the squatter's own"}}));
    ASSERT_EQ(squatted.status, 200) << squatted.body;
    invited(ours_.token);
    const auto again =
        api().send("POST", "/api/v1/auth/login", "",
                   write({{"email", "ceo@first.example"}, {"password", "the squatter's own"}}));
    ASSERT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(again.json.find("user")->stringOr("tenant_id"), theirs_.tenant);
    EXPECT_EQ(again.json.find("user")->find("tenants")->array()->size(), 1U);
    EXPECT_EQ(
        api()
            .post("/api/v1/auth/switch", again.json.stringOr("access_token"), {{"tenant_id", ours_.tenant}})
            .status,
        403);
    EXPECT_EQ(api().get("/api/v1/users", ours_.token).body.find("ceo@first.example"), std::string::npos);
}

TEST_F(Tenants, RenamingOneTellsNothingOfTheOthers) {
    const auto rename = [&](const std::string& name) {
        return api()
            .send("PUT", "/api/v1/tenants/" + theirs_.tenant, theirs_.token, Object{{"name", name}})
            .status;
    };
    EXPECT_EQ(rename("default"), 200) << "another tenant's name";
    EXPECT_EQ(rename("unheard of"), 200);
    EXPECT_EQ(rename("default"), 200);
    // A name that somebody gave themselves leads nobody to them.
    const auto made = backend({"--json", "token", "create", "--name", "of the operator", "--role", "admin"});
    ASSERT_TRUE(made.exit.ok()) << made.error;
    EXPECT_EQ(core::json::parse(made.output).value().stringOr("tenant_id"), ours_.tenant);
    const auto ambiguous = backend({"token", "create", "--name", "x", "--tenant", "default"});
    EXPECT_FALSE(ambiguous.exit.ok());
    EXPECT_NE(ambiguous.error.find(theirs_.tenant), std::string::npos) << ambiguous.error;
    EXPECT_TRUE(backend({"token", "create", "--name", "x", "--tenant", theirs_.tenant}).exit.ok());
}

TEST_F(Tenants, AnInlineRepositoryNeedsWhatARepositoryNeeds) {
    const auto operatorToken =
        api()
            .post("/api/v1/tokens", ours_.token, {{"name", "op"}, {"role", "operator"}})
            .json.stringOr("token");
    for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{
             {"POST", "/api/v1/restic/policies"},
             {"PUT", "/api/v1/restic/policies/" + ours_.ids.at("policies")}})
        for (const auto& [field, value] : std::vector<std::pair<std::string, Value>>{
                 {"repository_config", Object{{"path", "/srv/x"}, {"password", "operators-own"}}},
                 {"repository_config", Object{{"path", "/srv/x"}, {"password_file", "/etc/shadow"}}},
                 {"repository_url", "/srv/ours"},
                 {"repository_type", "local"}}) {
            auto policy = policyBody("of an operator");
            policy.set(field, value);
            const auto refused = api().send(method, path, operatorToken, policy);
            EXPECT_EQ(refused.status, 403) << method << ' ' << field << ": " << refused.body;
            EXPECT_EQ(refused.error(), "InsufficientPermissions");
        }
    auto byId = policyBody("by id");
    byId.set("repository_id", ours_.ids.at("repositories"));
    EXPECT_EQ(api().post("/api/v1/restic/policies", operatorToken, byId).status, 201);
    EXPECT_EQ(api().get("/api/v1/restic/repositories", ours_.token).json.find("items")->array()->size(), 1U);

    const auto inlined = [&](const Object& config, const std::string& name) {
        auto policy = policyBody(name);
        policy.set("repository_config", config);
        return api().post("/api/v1/restic/policies", ours_.token, policy);
    };
    EXPECT_EQ(inlined({{"path", "/srv/in"}, {"password", "good enough"}}, "one").status, 201);
    EXPECT_EQ(inlined({{"path", "/srv/in"}, {"password", "good enough"}}, "two").status, 201) << "reused";
    EXPECT_EQ(inlined({{"path", "/srv/in"}, {"password", "another one"}}, "three").error(),
              "RepositoryAlreadyExists")
        << "a password is not dropped in silence";
    EXPECT_EQ(inlined({{"path", "/srv/in2"}, {"password_file", "relative"}}, "four").pointers(),
              std::vector<std::string>{"/repository_config/password_file"});
    EXPECT_EQ(inlined({{"path", "/srv/in2"}, {"password", "x"}, {"surprise", 1}}, "five").pointers(),
              std::vector<std::string>{"/repository_config/surprise"});

    // Where the storage has a password of its own, neither is taken for the other.
    const auto onRest = [&](Object config, const std::string& name) {
        auto policy = policyBody(name);
        policy.set("repository_type", "rest");
        config.set("url", "https://rest.example.org/" + name + "/");
        config.set("username", "u");
        policy.set("repository_config", config);
        return api().post("/api/v1/restic/policies", ours_.token, policy);
    };
    EXPECT_EQ(onRest({{"password", "of the storage"}}, "six").pointers(),
              std::vector<std::string>{"/repository_config/repository_password"});
    const auto both =
        onRest({{"password", "of the storage"}, {"repository_password", "of the repository"}}, "seven");
    ASSERT_EQ(both.status, 201) << both.body;
    const auto path = "/api/v1/restic/repositories/" + both.json.stringOr("repository_id");
    const auto made = api().get(path, ours_.token).json;
    EXPECT_EQ(*made.find("secret_fields"), Value(Array{"password"}));
    EXPECT_EQ(*made.find("password_set"), Value(true));

    // What was given for one place goes to no other.
    Object change{{"name", made.stringOr("name")},
                  {"type", "rest"},
                  {"config", Object{{"url", "https://evil.example.org/"}, {"username", "u"}}}};
    EXPECT_EQ(api().send("PUT", path, ours_.token, change).pointers(),
              std::vector<std::string>{"/config/password"});
    change.set("config",
               Object{{"url", "https://new.example.org/"}, {"username", "u"}, {"password", "another"}});
    EXPECT_EQ(api().send("PUT", path, ours_.token, change).status, 200);
    change.set("config", Object{{"url", "https://new.example.org/"}, {"username", "u"}});
    EXPECT_EQ(api().send("PUT", path, ours_.token, change).status, 200) << "the same place";
    EXPECT_EQ(*api().get(path, ours_.token).json.find("secret_fields"), Value(Array{"password"}));
}

TEST_F(Tenants, SecretsAreRefusedWhereEverybodyReads) {
    const auto viewer =
        api().post("/api/v1/tokens", ours_.token, {{"name", "v"}, {"role", "viewer"}}).json.stringOr("token");
    const auto store = [&](const Object& environment) {
        return api().post("/api/v1/restic/repositories", ours_.token,
                          {{"name", "env"},
                           {"type", "local"},
                           {"url", "/srv/env"},
                           {"password", "canary-password"},
                           {"environment_vars", environment}});
    };
    EXPECT_EQ(store({{"LD_PRELOAD", "/x.so"}}).pointers(),
              std::vector<std::string>{"/environment_vars/LD_PRELOAD"});
    EXPECT_EQ(store({{"AWS_SECRET_ACCESS_KEY", "canary-key"}}).pointers(),
              std::vector<std::string>{"/environment_vars/AWS_SECRET_ACCESS_KEY"});
    EXPECT_EQ(store({{"AWS_REGION", "eu-1"}}).status, 201);
    const auto policy = [&](const std::string& name, const Object& settings) {
        auto wanted = policyBody(name);
        wanted.set("plugins", Array{Object{{"name", "mysql"}, {"settings", settings}}});
        return api().post("/api/v1/restic/policies", ours_.token, wanted);
    };
    EXPECT_EQ(policy("db", {{"password", "canary-db"}}).pointers(),
              std::vector<std::string>{"/plugins/0/settings/password"});
    EXPECT_EQ(policy("db", {{"password_file", "/etc/db.pass"}}).status, 201);
    for (const char* path : {"/api/v1/restic/repositories", "/api/v1/restic/policies"})
        EXPECT_EQ(api().get(path, viewer).body.find("canary"), std::string::npos) << path;
    EXPECT_EQ(api().get("/api/v1/audit", ours_.token).body.find("canary"), std::string::npos);
}

TEST_F(Tenants, HostNamesComeInOneForm) {
    const auto registration =
        api()
            .post("/api/v1/restic/agents/registration-tokens", ours_.token, {{"max_uses", 10}})
            .json.stringOr("token");
    const auto join = [&](const std::string& hostname) {
        return api().post("/api/v1/restic/agents/register", registration,
                          {{"hostname", hostname}, {"os", "linux"}, {"arch", "amd64"}, {"version", "1"}});
    };
    const auto made = join("H2.Example.org ");
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.json.stringOr("hostname"), "h2.example.org");
    EXPECT_EQ(join("h2.example.org").error(), "AgentAlreadyExists");
    for (const char* name : {"a\nb", "a\x1b[2J", "<img src=x>", "../../etc", "-rf"})
        EXPECT_EQ(join(name).pointers(), std::vector<std::string>{"/hostname"}) << name;
    EXPECT_EQ(api()
                  .post("/api/v1/restic/agents/registration-tokens", ours_.token, {{"hostname", "a b"}})
                  .pointers(),
              std::vector<std::string>{"/hostname"});
    EXPECT_EQ(api()
                  .get("/api/v1/restic/agents?hostname=H2.example.ORG", ours_.token)
                  .json.find("items")
                  ->array()
                  ->size(),
              1U);
}

TEST_F(Tenants, TheOperatorManagesAccountsByTheCommandLine) {
    const auto listed = backend({"--json", "user", "list"});
    ASSERT_TRUE(listed.exit.ok()) << listed.error;
    EXPECT_EQ(core::json::parse(listed.output).value().find("items")->array()->size(), 2U) << listed.output;
    EXPECT_NE(backend({"user", "list"}).output.find("boss@second.example"), std::string::npos);
    const auto login = [&](const std::string& password) {
        return api()
            .send("POST", "/api/v1/auth/login", "",
                  write({{"email", "boss@second.example"}, {"password", password}}))
            .status;
    };
    writeFile(dir_ / "password", "set by the operator\n");
    const auto set = backend({"user", "set-password", "--email", "boss@second.example", "--password-file",
                              (dir_ / "password").string()});
    ASSERT_TRUE(set.exit.ok()) << set.error;
    EXPECT_EQ(set.output.find("set by the operator"), std::string::npos);
    EXPECT_EQ(login("set by the operator"), 200);
    EXPECT_EQ(login(kForeignPassword), 401);
    ASSERT_TRUE(backend({"user", "disable", "--email", "boss@second.example"}).exit.ok());
    EXPECT_EQ(login("set by the operator"), 401);
    ASSERT_TRUE(backend({"user", "enable", "--email", "boss@second.example"}).exit.ok());
    EXPECT_EQ(login("set by the operator"), 200);
    EXPECT_FALSE(backend({"user", "disable", "--email", "nobody@second.example"}).exit.ok());
}

} // namespace
} // namespace test
