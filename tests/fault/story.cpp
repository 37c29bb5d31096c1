#include "fault/story.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/encoding.h"
#include "support/far_schedules.h"

namespace test {

using core::json::Array;
using core::json::Object;
using core::json::Value;

namespace {
const std::string kRestic = "/api/v1/restic/";

Object newPolicy(const std::string& name, const std::string& repository) {
    return {{"name", name},
            {"schedule", farSchedule()},
            {"include_paths", Array{"/etc"}},
            {"repository_id", repository},
            {"retention_rules", Object{{"keep_daily", 7}}}};
}
} // namespace

std::string Story::key() {
    return fmt::format("5d0c7a4e-{:04x}-4b1f-9d39-7e55f0c3a{:03x}", random_() & 0xffffU, ++keys_);
}

ApiAnswer Story::ask(const std::string& method, const std::string& path, const Value& body,
                     const std::string& key) {
    return ask_(method, path, admin_, body, key);
}

ApiAnswer Story::agentAsks(const std::string& method, const std::string& path, const Value& body) {
    return ask_(method, path, agentToken_, body, {});
}

Value Story::create(const std::string& path, const Object& body, int status, const std::string& action) {
    const auto answer = ask("POST", path, body, key());
    EXPECT_EQ(answer.status, status) << path << ": " << answer.body;
    ledger_.changes.push_back({action, answer.id()});
    return answer.json;
}

void Story::change(const std::string& method, const std::string& path, const Value& body,
                   const std::string& action, const std::string& object) {
    const auto answer = ask(method, path, body);
    // A removal that was done but not acknowledged finds nothing the second time.
    EXPECT_TRUE(answer.status / 100 == 2 || (method == "DELETE" && answer.status == 404))
        << method << ' ' << path << ": " << answer.status << ' ' << answer.body;
    ledger_.changes.push_back({action, object, false});
}

void Story::signIn(const std::string& email, const std::string& password) {
    const auto answer =
        ask_("POST", "/api/v1/auth/login", "", Value(Object{{"email", email}, {"password", password}}), {});
    ASSERT_EQ(answer.status, 200) << answer.body;
    admin_ = answer.json.stringOr("access_token");
    refresh_ = answer.json.stringOr("refresh_token");
}

void Story::play(const std::string& email, const std::string& password,
                 const std::function<void(const std::string& policy)>& makeDue) {
    signIn(email, password);
    std::vector<std::function<void()>> parts{[this] { people(); }, [this] { enrol(); }};
    std::shuffle(parts.begin(), parts.end(), random_);
    for (const auto& part : parts)
        part();
    policies();
    tasks();

    quiesce(); // so that what comes next can only be the slot
    makeDue(policy_);
    const auto before = ledger_.attempts.size();
    for (int i = 0; i < 200 && ledger_.attempts.size() == before; ++i)
        work();
    EXPECT_GT(ledger_.attempts.size(), before) << "the slot that was due has not become a task";

    const auto renewed =
        ask_("POST", "/api/v1/auth/refresh", "", Value(Object{{"refresh_token", refresh_}}), {});
    if (renewed.status == 200)
        admin_ = renewed.json.stringOr("access_token");
    else // the first answer was lost, and too long ago
        signIn(email, password);
    const auto rotated = agentAsks("POST", kRestic + "agents/" + agent_ + "/rotate-token", Value(Object{}));
    EXPECT_EQ(rotated.status, 200) << rotated.body;
    agentToken_ = rotated.json.stringOr("token");
}

void Story::people() {
    const auto invited =
        ask("POST", "/api/v1/users", Value(Object{{"email", "ada@example.com"}, {"role", "viewer"}}), key());
    EXPECT_EQ(invited.status, 201) << invited.body;
    const auto* invitation = invited.json.find("invitation");
    ASSERT_NE(invitation, nullptr) << invited.body;
    ledger_.changes.push_back({"base.user.invited", invitation->stringOr("id")});
    const auto accepted =
        ask_("POST", "/api/v1/auth/invitations/accept", "",
             Value(Object{{"token", invitation->stringOr("token")}, {"password", "canary-of-ada-33"}}), {});
    // Whoever lost the answer finds the invitation used, and signs in.
    EXPECT_TRUE(accepted.status == 200 || accepted.status == 404) << accepted.body;
    std::string user;
    const auto users = ask("GET", "/api/v1/users");
    for (const auto& item : *users.json.find("items")->array())
        if (item.stringOr("email") == "ada@example.com")
            user = item.stringOr("id");
    ASSERT_NE(user, "") << users.body;
    ledger_.changes.push_back({"base.invitation.accepted", user});
    const auto token =
        create("/api/v1/tokens", {{"name", "of a script"}, {"role", "viewer"}}, 201, "base.token.created")
            .stringOr("id");
    change("PUT", "/api/v1/users/" + user, Value(Object{{"role", "operator"}}), "base.user.updated", user);
    if (random_() % 2 == 0)
        change("DELETE", "/api/v1/tokens/" + token, {}, "base.token.revoked", token);
    change("DELETE", "/api/v1/users/" + user, {}, "base.user.removed", user);
}

void Story::enrol() {
    const auto registration =
        create(kRestic + "agents/registration-tokens", {}, 201, "restic.registration_token.created");
    const auto answer =
        ask_("POST", kRestic + "agents/register", registration.stringOr("token"),
             Value(Object{{"hostname", "web-01"}, {"os", "linux"}, {"arch", "amd64"}, {"version", "1.0.0"}}),
             key());
    ASSERT_EQ(answer.status, 201) << answer.body;
    agent_ = answer.json.stringOr("agentId");
    agentToken_ = answer.json.stringOr("token");
    const auto beat = agentAsks("POST", kRestic + "agents/" + agent_ + "/heartbeat",
                                Value(Object{{"version", "1.0.0"}, {"os", "linux"}, {"openTasks", Array{}}}));
    EXPECT_EQ(beat.status, 200) << beat.body;
}

void Story::policies() {
    repository_ = create(kRestic + "repositories",
                         {{"name", "store"},
                          {"type", "local"},
                          {"url", "/backup"},
                          {"maintenance", farMaintenance()},
                          {"password", "canary-of-the-repository-2"}},
                         201, "restic.repository.created")
                      .stringOr("id");
    policy_ = create(kRestic + "policies", newPolicy("nightly", repository_), 201, "restic.policy.created")
                  .stringOr("id");
    auto changed = newPolicy("every night", repository_);
    change("PUT", kRestic + "policies/" + policy_, Value(changed), "restic.policy.updated", policy_);
    change("PUT", kRestic + "agents/" + agent_ + "/policies/" + policy_, {}, "restic.policy.linked", policy_);
    const auto other =
        create(kRestic + "policies", newPolicy("weekly", repository_), 201, "restic.policy.created")
            .stringOr("id");
    change("DELETE", kRestic + "policies/" + other, {}, "restic.policy.deleted", other);
}

std::string Story::backUp() {
    const auto task =
        create(kRestic + "tasks",
               {{"type", "backup"},
                {"agent_id", agent_},
                {"repository_id", repository_},
                {"parameters", Object{{"sources", Array{"/etc", fmt::format("/home/{}", keys_)}}}}},
               202, "restic.task.created")
            .stringOr("id");
    ledger_.tasks.insert(task);
    return task;
}

void Story::tasks() {
    std::vector<std::function<void()>> parts{
        [this] {
            const auto failing = backUp();
            mustFail_.insert(failing);
            workOff(failing);
            ledger_.tasks.insert(
                create(kRestic + "tasks/" + failing + "/retry", {}, 202, "restic.task.retried")
                    .stringOr("id"));
        },
        [this] {
            const auto task = backUp();
            const auto answer = random_() % 2 == 0 ? ask("POST", kRestic + "backup-runs/" + task + "/cancel",
                                                         Value(Object{}), key())
                                                   : ask("DELETE", kRestic + "tasks/" + task);
            EXPECT_TRUE(answer.status == 202 || answer.error() == "TaskAlreadyFinished") << answer.body;
            ledger_.changes.push_back({"restic.task.cancelled", task, false});
            ledger_.outcomes[task] = "cancelled";
        },
        [this] { workOff(backUp()); }};
    std::shuffle(parts.begin(), parts.end(), random_);
    for (const auto& part : parts)
        part();
}

void Story::workOff(const std::string& task) {
    for (int i = 0; i < 100 && !ledger_.outcomes.contains(task); ++i)
        work();
    EXPECT_TRUE(ledger_.outcomes.contains(task)) << "the agent was not given " << task;
}

void Story::work(int wait) {
    const auto answer =
        agentAsks("GET", fmt::format("{}agents/{}/tasks?wait={}&free=1", kRestic, agent_, wait));
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto* items = answer.json.find("items");
    // A hand-out whose answer was lost comes again, with the same attempt, when a heartbeat lacks it.
    if (items->array()->empty())
        agentAsks("POST", kRestic + "agents/" + agent_ + "/heartbeat",
                  Value(Object{{"version", "1.0.0"}, {"os", "linux"}, {"openTasks", Array{}}}));
    for (const auto& envelope : *items->array()) {
        if (envelope.stringOr("action") != "backup")
            continue;
        const auto& payload = *envelope.find("payload");
        const auto task = payload.stringOr("task_id");
        const auto attempt = payload.integerOr("attempt");
        // O2: what has ended is never given to an agent again.
        EXPECT_FALSE(ledger_.outcomes.contains(task)) << task << ", attempt " << attempt;
        auto& begun = ledger_.attempts[task];
        if (begun >= attempt)
            continue; // handed out again, because the host did not learn that it is here
        begun = attempt;
        execute(task, attempt);
    }
}

void Story::execute(const std::string& task, std::int64_t attempt) {
    report(task, {{"attempt", attempt}, {"status", "running"}});
    writeLog(task, attempt, 1 + static_cast<int>(random_() % 5));
    if (random_() % 2 == 0)
        report(task, {{"attempt", attempt},
                      {"status", "running"},
                      {"progress", Object{{"percent_done", 40.0},
                                          {"total_files", 10},
                                          {"files_done", 4},
                                          {"total_bytes", 1000},
                                          {"bytes_done", 400}}}});
    if (mustFail_.contains(task)) {
        report(task, {{"attempt", attempt},
                      {"status", "failed"},
                      {"error", Object{{"error", "SourceNotFound"}, {"message", "gone"}, {"hint", ""}}}});
        ledger_.outcomes[task] = "failed";
        return;
    }
    const auto snapshot = core::hexEncode(core::sha256(task));
    report(task, {{"attempt", attempt},
                  {"status", "success"},
                  {"result", Object{{"outcome", "success"},
                                    {"exit_code", 0},
                                    {"snapshot_id", snapshot},
                                    {"short_id", snapshot.substr(0, 8)},
                                    {"files_new", 10},
                                    {"total_files_processed", 10},
                                    {"total_bytes_processed", 1000},
                                    {"paths", Array{"/etc"}},
                                    {"hostname", "web-01"}}}});
    ledger_.outcomes[task] = "success";
    ledger_.snapshots[task] = snapshot;
}

void Story::report(const std::string& task, Object report) {
    const auto answer = agentAsks("POST", kRestic + "tasks/" + task + "/status", Value(std::move(report)));
    EXPECT_EQ(answer.status, 200) << answer.body;
}

void Story::writeLog(const std::string& task, std::int64_t attempt, int lines) {
    auto& sent = ledger_.logs[task];
    Array batch;
    for (int i = 0; i < lines; ++i) {
        sent.push_back(fmt::format("line {} of {}", sent.size() + 1, task));
        batch.push_back(
            Object{{"timestamp", "2026-01-05T10:00:00.000Z"}, {"level", "info"}, {"message", sent.back()}});
    }
    const auto answer = agentAsks("POST", kRestic + "tasks/" + task + "/logs",
                                  Value(Object{{"attempt", attempt}, {"first_seq", 1}, {"lines", batch}}));
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.json.integerOr("acked_seq"), lines);
}

void Story::quiesce() {
    for (int i = 0; i < 100; ++i) {
        const auto tasks = ask("GET", kRestic + "tasks?limit=500");
        const auto& items = *tasks.json.find("items")->array();
        if (std::all_of(items.begin(), items.end(),
                        [&](const Value& task) { return ledger_.outcomes.contains(task.stringOr("id")); }))
            return;
        work();
    }
}

} // namespace test
