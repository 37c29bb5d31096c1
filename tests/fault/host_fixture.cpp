#include "fault/host_fixture.h"

#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

#include "support/sanitized.h"

namespace test {

namespace {
const std::string kRestic = "/api/v1/restic/";
} // namespace

unsigned seeds() {
    const char* given = std::getenv("AE_TEST_SEEDS");
    return given != nullptr && *given != '\0' ? static_cast<unsigned>(std::stoul(given)) : 1;
}

void FaultyHost::prepare(core::db::Dialect dialect, const std::string& failpoint) {
    auto database = std::make_unique<TestDatabase>(dialect);
    const auto url = database->url();
    prepare(std::move(database), url, failpoint);
}

void FaultyHost::prepare(std::unique_ptr<TestDatabase> database, const std::string& url,
                         const std::string& failpoint) {
    finish();
    database_ = std::move(database);
    begin(url, failpoint);
}

void FaultyHost::prepareEmbedded() {
    finish();
    database_.reset();
    begin({}, {});
}

void FaultyHost::begin(const std::string& url, const std::string& failpoint) {
    std::error_code mounted; // a folder that is a disk of its own is only emptied
    std::filesystem::remove_all(dir_ / "data", mounted);
    std::filesystem::remove(dir_ / "backend.log");
    useDatabase(url);
    // What was held by a host that is dead is free again soon.
    configureHost("hosts:\n  lease: 1s\n");
    port_ = 0;
    deaths_ = refusals_ = 0;
    environment_["AE_FAILPOINT"] = failpoint;
    start();
}

void FaultyHost::finish() {
    if (backend_)
        killBackend();
    environment_.erase("AE_FAILPOINT");
}

void FaultyHost::restart() {
    killBackend();
    start();
}

void FaultyHost::start() {
    const auto before = readFile(dir_ / "backend.log").size();
    auto spec = backendCommand({"--http-addr", "127.0.0.1:" + std::to_string(port_), "serve"});
    spec.standardOutput = core::ProcessOutput::toFile(dir_ / "backend.log");
    spec.standardError = core::ProcessOutput::toFile(dir_ / "backend.log");
    if (!wrapper_.empty()) {
        spec.arguments.insert(spec.arguments.begin(), spec.program);
        spec.arguments.insert(spec.arguments.begin(), wrapper_.begin() + 1, wrapper_.end());
        spec.program = wrapper_.front();
        spec.environment["PATH"] += ":/usr/sbin:/sbin";
    }
    backend_ = std::move(runner_.start(spec)).value();
    const auto port = servingPort(*backend_, dir_ / "backend.log", before);
    if (!port) {
        revive("it does not start");
        return;
    }
    port_ = *port;
    api_ = std::make_unique<ApiClient>(port_, traffic_);
}

void FaultyHost::revive(const std::string& why) {
    const auto exit = backend_->wait(10s);
    if (!exit || exit->signal != SIGKILL)
        throw std::runtime_error(fmt::format("nobody has killed the host: {} (exit code {}, signal {})", why,
                                             exit ? exit->code : -1, exit ? exit->signal : 0));
    ++deaths_;
    if (deaths_ > 1)
        throw std::runtime_error("the host died again without a failpoint");
    environment_.erase("AE_FAILPOINT");
    const auto began = std::chrono::steady_clock::now();
    start();
    // O10; on a machine with nothing else to do it is a fraction of this.
    EXPECT_LT(std::chrono::steady_clock::now() - began, kSanitized ? 60s : 10s);
}

ApiAnswer FaultyHost::ask(const std::string& method, const std::string& path, const std::string& token,
                          const Value& body, const std::string& key) {
    const auto text = body.isNull() ? std::nullopt : std::optional(core::json::write(body));
    std::map<std::string, std::string> headers;
    if (!key.empty())
        headers["Idempotency-Key"] = key;
    for (int attempt = 0; attempt < 1200; ++attempt) {
        try {
            auto answer = api().send(method, path, token.empty() ? "" : "Bearer " + token, text, headers);
            if (answer.status != 503)
                return answer;
            EXPECT_TRUE(answer.headers.contains("retry-after")) << path;
            ++refusals_;
            std::this_thread::sleep_for(50ms);
        } catch (const std::runtime_error& error) {
            if (mayHangUp_ && !backend_->wait(0ms))
                ++refusals_;
            else
                revive(error.what());
        }
    }
    throw std::runtime_error("the host answers 503 without end");
}

Value FaultyHost::get(const std::string& path) {
    const auto answer = ask("GET", path, admin_, {}, {});
    EXPECT_EQ(answer.status, 200) << path << ": " << answer.body;
    return answer.json;
}

void FaultyHost::makeDue(const std::string& policy) {
    // What befalls the host's connections befalls this one.
    ASSERT_TRUE(await([&] {
        try {
            return setNextRun(policy, core::SystemClock().now() - std::chrono::seconds(1));
        } catch (const core::Error&) {
            return false;
        }
    }));
}

bool FaultyHost::setNextRun(const std::string& policy, core::Instant at) {
    return database_ ? SystemTest::setNextRun(database_->db(), policy, at)
                     : SystemTest::setNextRun(policy, at);
}

void FaultyHost::play(unsigned seed) {
    Story story([this](const auto&... what) { return ask(what...); }, seed);
    story.play(kAdminEmail, kAdminPassword, [&](const std::string& policy) {
        admin_ = story.admin();
        makeDue(policy);
    });
    story.quiesce();
    admin_ = story.admin();
    ledger_ = story.ledger();
}

std::vector<Value> FaultyHost::all(const std::string& path) {
    std::vector<Value> items;
    std::string after;
    do {
        const auto page = get(path + (path.find('?') == std::string::npos ? "?" : "&") + "limit=500" + after);
        for (const auto& item : *page.find("items")->array())
            items.push_back(item);
        const auto next = page.stringOr("next");
        after = next.empty() ? "" : "&after=" + next;
    } while (!after.empty());
    return items;
}

void FaultyHost::judge() {
    const Ledger& ledger = ledger_;
    // O1: each task has ended, once, as its agent said. O5: the slot is one task.
    std::set<std::string> asked = ledger.tasks;
    int slots = 0;
    for (const auto& task : all(kRestic + "tasks")) {
        const auto id = task.stringOr("id");
        const auto expected = ledger.outcomes.find(id);
        ASSERT_NE(expected, ledger.outcomes.end()) << core::json::write(task);
        EXPECT_EQ(task.stringOr("status"), expected->second) << core::json::write(task);
        if (asked.erase(id) == 0)
            ++slots;
    }
    EXPECT_TRUE(asked.empty()) << asked.size() << " acknowledged tasks are lost";
    EXPECT_EQ(slots, 1);
    const auto runs = all(kRestic + "backup-runs");
    EXPECT_EQ(runs.size(), ledger.tasks.size() + 1);

    // O3: snapshots as reported, each once.
    std::multiset<std::string> listed, reported;
    for (const auto& snapshot : all(kRestic + "snapshots"))
        listed.insert(snapshot.stringOr("snapshot_id"));
    for (const auto& [task, snapshot] : ledger.snapshots)
        reported.insert(snapshot);
    EXPECT_EQ(listed, reported);

    // O4: acknowledged lines in order, each once.
    for (const auto& [task, lines] : ledger.logs) {
        std::vector<std::string> stored;
        const auto page = get(kRestic + "tasks/" + task + "/logs");
        for (const auto& line : *page.find("items")->array())
            stored.push_back(line.stringOr("message"));
        EXPECT_EQ(stored, lines) << task;
    }

    // O7: each acknowledged change has its row in the audit log, and one that was asked for with a key just
    // one.
    std::map<std::pair<std::string, std::string>, std::size_t> rows, wanted;
    for (const auto& row : all("/api/v1/audit"))
        ++rows[{row.stringOr("action"), row.stringOr("object_id")}];
    for (const auto& change : ledger.changes) {
        const auto number = ++wanted[{change.action, change.object}];
        const auto found = rows[{change.action, change.object}];
        if (change.once)
            EXPECT_EQ(found, number) << change.action << ' ' << change.object;
        else
            EXPECT_GE(found, number) << change.action << ' ' << change.object;
    }
    EXPECT_EQ(all("/api/v1/users").size(), 1U);

    // O6: another tenant sees nothing of it.
    environment_.erase("AE_FAILPOINT"); // it is the host's that is to die
    ASSERT_TRUE(backend({"tenant", "create", "--name", "second"}).exit.ok());
    const auto made =
        backend({"--json", "token", "create", "--name", "foreign", "--role", "admin", "--tenant", "second"});
    const auto foreign = core::json::parse(made.output).value().stringOr("token");
    for (const char* list : {"agents", "policies", "repositories", "tasks", "backup-runs", "snapshots"})
        EXPECT_TRUE(ask("GET", kRestic + list, foreign, {}, {}).json.find("items")->array()->empty()) << list;
}

std::map<std::string, int> FaultyHost::reached() {
    static const std::regex kLine("^failpoint: ([^\n]+)$", std::regex::multiline);
    const auto log = readFile(dir_ / "backend.log");
    std::map<std::string, int> places;
    for (auto it = std::sregex_iterator(log.begin(), log.end(), kLine); it != std::sregex_iterator(); ++it)
        ++places[(*it)[1]];
    return places;
}

} // namespace test
