#include "support/fake_server.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>
#include <Poco/ThreadPool.h>
#include <Poco/URI.h>

#include "core/random.h"
#include "core/time.h"
#include "core/uuid.h"
#include "restic/protocol/result_items.h"
#include "support/secret_fields.h"

namespace test {
namespace {
using core::json::Object;
using core::json::Value;

struct Answer {
    int status = 200;
    std::string body;
    std::string contentType = "application/json";
};

Answer error(int status, const std::string& name) {
    return {status, core::json::write(Object{{"error", name}, {"message", name + " it is"}})};
}
} // namespace

struct FakeServer::State {
    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    std::unique_ptr<Poco::ThreadPool> pool;
    std::unique_ptr<Poco::Net::HTTPServer> server;
    std::string url;
    bool stopping = false;

    std::set<std::string> registrationTokens;
    std::map<std::string, std::string> spent; // token + nonce -> agent id
    int refuseStatus = 0;
    std::string refuseError;
    bool loseAnswer = false;
    int agents = 0;
    std::string lastRegistration;
    std::string agentId;
    std::string token;
    bool expired = false;
    bool revoked = false;
    std::chrono::milliseconds tokenLife{std::chrono::hours(720)};
    int rotations = 0;

    bool down = false;
    int outages = 0;
    std::optional<Answer> intruder;
    int intrusions = 0;
    std::string refusedText;
    std::string refusedMember;
    bool logsDown = false;
    int failReports = 0;
    std::map<std::string, std::string> refusals;
    std::set<std::string> cancelByAck;
    std::deque<Object> envelopes;
    std::vector<Value> heartbeats;
    std::map<std::string, std::vector<Value>> reports;
    std::map<std::string, std::map<std::int64_t, std::string>> logs;
    bool logsBroken = false;
    std::map<std::string, restic::protocol::ResultItems> counted;
    std::map<std::string, std::vector<Value>> resultItems;
    std::int64_t mostItems = INT64_MAX;
    int forgotten = 0;
    int parts = 0;
    std::vector<int> polls;
    Canaries canaries;
    std::string said;
    std::chrono::milliseconds longestPoll{60000};
    int nextId = 0;

    std::string expiry() const { return core::formatInstant(core::SystemClock().now() + tokenLife); }

    Answer handle(const std::string& method, const Poco::URI& uri, const std::string& bearer,
                  const std::string& nonce, const std::string& body) {
        std::vector<std::string> path;
        uri.getPathSegments(path);
        std::unique_lock lock(mutex);
        said += body + "\n";
        if (intruder) {
            ++intrusions;
            changed.notify_all();
            return *intruder;
        }
        if (down) {
            ++outages;
            return error(503, "Unavailable");
        }
        if (uri.getPath() == "/health/live")
            return {200, R"({"status":"ok","version":"0.1.0"})"};
        if (path.size() < 5 || path[0] != "api" || path[2] != "restic")
            return error(404, "NotFound");
        if (path[3] == "agents" && path[4] == "register")
            return registration(bearer, nonce, body);
        const bool rotate = path.size() == 6 && path[5] == "rotate-token";
        if (revoked)
            return error(401, "TokenRevoked");
        if (bearer != token || (expired && !rotate))
            return error(401, "InvalidToken");
        if (path[3] == "agents" && path[4] != agentId)
            return error(404, "AgentNotFound");
        const auto& last = path.back();
        if (rotate) {
            ++rotations;
            token = core::randomToken();
            canaries.add(token);
            expired = false;
            return {200, core::json::write(Object{{"token", token}, {"expiresAt", expiry()}})};
        }
        if (last == "heartbeat") {
            heartbeats.push_back(core::json::parse(body).value());
            changed.notify_all();
            return {200, R"({"status":"ok","nextTaskCheckAfterSeconds":30})"};
        }
        if (path[3] == "agents" && last == "tasks" && method == "GET")
            return poll(uri, lock);
        if (path[3] == "tasks" && last == "status")
            return status(path[4], body);
        if (path[3] == "tasks" && last == "logs")
            return log(path[4], body);
        if (path[3] == "tasks" && last == "result")
            return result(path[4], body);
        return error(404, "NotFound");
    }

    Answer registration(const std::string& bearer, const std::string& nonce, const std::string& body) {
        lastRegistration = body;
        if (refuseStatus != 0)
            return error(refuseStatus, refuseError);
        const auto key = bearer + " " + nonce;
        if (!spent.contains(key)) {
            if (!registrationTokens.contains(bearer) || nonce.empty())
                return error(401, "InvalidRegistrationToken");
            registrationTokens.erase(bearer);
            agentId = core::Uuid::generate(core::SystemClock().now()).toString();
            spent[key] = agentId;
            ++agents;
        }
        token = core::randomToken();
        canaries.add(token);
        expired = revoked = false;
        if (loseAnswer) {
            loseAnswer = false;
            return {0, {}};
        }
        const auto now = core::formatInstant(core::SystemClock().now());
        return {201,
                core::json::write(Object{{"agentId", agentId},
                                         {"hostname", core::json::parse(body).value().stringOr("hostname")},
                                         {"registeredAt", now},
                                         {"updatedAt", now},
                                         {"message", "Agent registered successfully"},
                                         {"token", token},
                                         {"expiresAt", expiry()}})};
    }

    Answer poll(const Poco::URI& uri, std::unique_lock<std::mutex>& lock) {
        int wait = 0;
        int free = 1;
        for (const auto& [name, value] : uri.getQueryParameters()) {
            if (name == "wait")
                wait = std::stoi(value);
            if (name == "free")
                free = std::stoi(value);
        }
        polls.push_back(free);
        // A newer poll takes the place of an older one, whose agent may be dead.
        const auto mine = polls.size();
        changed.notify_all();
        core::json::Array items;
        const auto take = [&] {
            if (polls.size() != mine)
                return true;
            for (auto it = envelopes.begin(); it != envelopes.end();) {
                const bool control = Value(*it).stringOr("action") == "cancel";
                if (control || free > 0) {
                    if (!control)
                        --free;
                    items.emplace_back(*it);
                    it = envelopes.erase(it);
                } else {
                    ++it;
                }
            }
            return !items.empty() || stopping || down || intruder;
        };
        changed.wait_for(lock, std::min<std::chrono::milliseconds>(std::chrono::seconds(wait), longestPoll),
                         take);
        return {200, core::json::write(Object{{"items", std::move(items)}})};
    }

    Answer status(const std::string& taskId, const std::string& body) {
        if (failReports > 0) {
            --failReports;
            return error(503, "Unavailable");
        }
        const auto report = core::json::parse(body).value();
        if (const auto* result = report.find("result");
            !refusedMember.empty() && result != nullptr && result->find(refusedMember) != nullptr)
            return error(400, "ValidationError");
        if (const auto* named = report.find("items")) {
            if (forgotten > 0) { // as a host whose database was restored
                --forgotten;
                resultItems.erase(taskId);
                counted.erase(taskId);
            }
            if (core::wire::read<restic::protocol::ResultItems>(*named).value() != counted[taskId])
                return error(409, "ResultIncomplete");
        }
        reports[taskId].push_back(report);
        changed.notify_all();
        if (const auto refusal = refusals.find(taskId); refusal != refusals.end())
            return error(409, refusal->second);
        Object answer{{"status", report.stringOr("status")}, {"attempt", report.integerOr("attempt")}};
        answer.set("cancel_requested", cancelByAck.contains(taskId));
        return {200, core::json::write(answer)};
    }

    Answer result(const std::string& taskId, const std::string& body) {
        const auto part = core::wire::parse<restic::protocol::ResultPart>(body).value();
        auto& all = resultItems[taskId];
        auto& count = counted[taskId];
        ++parts;
        const auto end = part.firstItem + static_cast<std::int64_t>(part.lines.size()) - 1;
        if (end > mostItems)
            return error(413, "ResultTooLarge");
        if (part.firstItem <= count.count + 1)
            for (auto number = count.count + 1; number <= end; ++number) {
                const auto& line = part.lines[static_cast<std::size_t>(number - part.firstItem)];
                count.add(line);
                all.push_back(core::json::parse(line).value());
            }
        changed.notify_all();
        return {200, core::json::write(Object{{"acked_item", count.count}})};
    }

    Answer log(const std::string& taskId, const std::string& body) {
        const auto batch = core::json::parse(body).value();
        auto seq = batch.integerOr("first_seq");
        if (logsDown)
            return error(503, "Unavailable");
        for (const auto& line : *batch.find("lines")->array())
            if (!refusedText.empty() && line.stringOr("message").find(refusedText) != std::string::npos)
                return error(400, "ValidationError");
        auto& stored = logs[taskId];
        if (seq > static_cast<std::int64_t>(stored.size()) + 1) // as the host does: a gap is not stored
            return {200, core::json::write(Object{{"acked_seq", static_cast<std::int64_t>(stored.size())}})};
        for (const auto& line : *batch.find("lines")->array()) {
            const auto message = line.stringOr("message");
            const auto [at, added] = stored.emplace(seq, message);
            if (!added && at->second != message)
                logsBroken = true;
            ++seq;
        }
        changed.notify_all();
        return {200, core::json::write(Object{{"acked_seq", seq - 1}})};
    }
};

namespace {
class Handler final : public Poco::Net::HTTPRequestHandler {
public:
    explicit Handler(FakeServer::State& state) : state_(state) {}
    void handleRequest(Poco::Net::HTTPServerRequest& request,
                       Poco::Net::HTTPServerResponse& response) override {
        std::string body;
        if (request.getMethod() != "GET")
            Poco::StreamCopier::copyToString(request.stream(), body);
        auto bearer = request.get("Authorization", "");
        bearer = bearer.starts_with("Bearer ") ? bearer.substr(7) : "";
        const auto answer = state_.handle(request.getMethod(), Poco::URI(request.getURI()), bearer,
                                          request.get("Idempotency-Key", ""), body);
        if (answer.status == 0) { // the answer gets lost
            static_cast<void>(request);
            response.setKeepAlive(false);
            response.setContentLength(100);
            response.send().flush();
            return;
        }
        response.setStatus(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(answer.status));
        response.setContentType(answer.contentType);
        if (answer.status == 301)
            response.set("Location", "https://elsewhere.example.com/");
        if (answer.status == 401)
            response.set("WWW-Authenticate", "Basic realm=\"x\"");
        response.setDate(Poco::Timestamp());
        response.sendBuffer(answer.body.data(), answer.body.size());
    }

private:
    FakeServer::State& state_;
};

class Factory final : public Poco::Net::HTTPRequestHandlerFactory {
public:
    explicit Factory(FakeServer::State& state) : state_(state) {}
    Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override {
        return new Handler(state_);
    }

private:
    FakeServer::State& state_;
};
} // namespace

FakeServer::FakeServer() : state_(std::make_unique<State>()) {
    Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", 0));
    state_->url = "http://127.0.0.1:" + std::to_string(socket.address().port());
    state_->pool = std::make_unique<Poco::ThreadPool>(2, 32);
    Poco::Net::HTTPServerParams::Ptr params = new Poco::Net::HTTPServerParams;
    params->setMaxThreads(32);
    state_->server =
        std::make_unique<Poco::Net::HTTPServer>(new Factory(*state_), *state_->pool, socket, params);
    state_->server->start();
}

FakeServer::~FakeServer() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    state_->changed.notify_all();
    state_->server->stopAll(true);
    state_->pool->joinAll();
}

std::vector<core::json::Value> FakeServer::items(const std::string& taskId) const {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->resultItems.find(taskId);
    return found == state_->resultItems.end() ? std::vector<core::json::Value>() : found->second;
}

int FakeServer::parts() const {
    const std::lock_guard lock(state_->mutex);
    return state_->parts;
}

void FakeServer::forgetItems(int times) {
    const std::lock_guard lock(state_->mutex);
    state_->forgotten = times;
}

void FakeServer::takeItemsUpTo(std::int64_t most) {
    const std::lock_guard lock(state_->mutex);
    state_->mostItems = most;
}

std::string FakeServer::url() const {
    return state_->url;
}

#define LOCKED const std::lock_guard lock(state_->mutex)

void FakeServer::addRegistrationToken(const std::string& token) {
    LOCKED;
    state_->registrationTokens.insert(token);
    state_->canaries.add(token);
}
void FakeServer::refuseRegistration(int status, const std::string& name) {
    LOCKED;
    state_->refuseStatus = status;
    state_->refuseError = name;
}
void FakeServer::loseNextRegistrationAnswer() {
    LOCKED;
    state_->loseAnswer = true;
}
int FakeServer::agents() const {
    LOCKED;
    return state_->agents;
}
std::string FakeServer::lastRegistration() const {
    LOCKED;
    return state_->lastRegistration;
}
std::string FakeServer::agentToken() const {
    LOCKED;
    return state_->token;
}
void FakeServer::expireToken() {
    LOCKED;
    state_->expired = true;
}
void FakeServer::revokeToken() {
    LOCKED;
    state_->revoked = true;
}
void FakeServer::setTokenLife(std::chrono::milliseconds life) {
    LOCKED;
    state_->tokenLife = life;
}
int FakeServer::rotations() const {
    LOCKED;
    return state_->rotations;
}
int FakeServer::outages() const {
    LOCKED;
    return state_->outages;
}
void FakeServer::setLongestPoll(std::chrono::milliseconds longest) {
    LOCKED;
    state_->longestPoll = longest;
}
void FakeServer::setDown(bool down) {
    {
        LOCKED;
        state_->down = down;
    }
    state_->changed.notify_all();
}
void FakeServer::intrude(int status, const std::string& body, const std::string& contentType) {
    {
        LOCKED;
        state_->intruder = status == 0 ? std::nullopt : std::optional(Answer{status, body, contentType});
        state_->intrusions = 0;
    }
    state_->changed.notify_all();
}
int FakeServer::intrusions() const {
    LOCKED;
    return state_->intrusions;
}
void FakeServer::refuseLogLinesWith(const std::string& text) {
    LOCKED;
    state_->refusedText = text;
}
void FakeServer::refuseResultsWith(const std::string& member) {
    LOCKED;
    state_->refusedMember = member;
}
void FakeServer::forgetLog(const std::string& taskId) {
    LOCKED;
    state_->logs.erase(taskId);
}
void FakeServer::setLogsDown(bool down) {
    LOCKED;
    state_->logsDown = down;
}
void FakeServer::failReports(int count) {
    LOCKED;
    state_->failReports = count;
}
void FakeServer::refuseReports(const std::string& taskId, const std::string& name) {
    LOCKED;
    state_->refusals[taskId] = name;
}
void FakeServer::requestCancelByAck(const std::string& taskId) {
    LOCKED;
    state_->cancelByAck.insert(taskId);
}
void FakeServer::send(Object envelope) {
    {
        LOCKED;
        envelope.set("id", "message-" + std::to_string(++state_->nextId));
        envelope.set("type", "request");
        state_->envelopes.push_back(std::move(envelope));
    }
    state_->changed.notify_all();
}
void FakeServer::sendTask(Object payload) {
    const auto type = Value(payload).stringOr("type");
    eachSecret(Value(payload), [&](const std::string& secret) { state_->canaries.add(secret); });
    send(Object{{"action", type}, {"payload", std::move(payload)}});
}
const Canaries& FakeServer::canaries() const {
    return state_->canaries;
}
std::string FakeServer::everythingSaid() const {
    LOCKED;
    return state_->said;
}
std::set<std::string> FakeServer::snapshotsToldOf() const {
    LOCKED;
    std::set<std::string> told, removed;
    for (const auto& [task, reports] : state_->reports)
        for (const auto& report : reports) {
            const auto* result = report.find("result");
            if (result == nullptr)
                continue;
            if (auto id = result->stringOr("snapshot_id"); !id.empty())
                told.insert(std::move(id));
            if (const auto* dumps = result->find("dumps"); dumps != nullptr && dumps->array() != nullptr)
                for (const auto& dump : *dumps->array())
                    if (auto id = dump.stringOr("snapshot_id"); !id.empty())
                        told.insert(std::move(id));
            if (const auto* ids = result->find("removed_ids"); ids != nullptr && ids->array() != nullptr)
                for (const auto& id : *ids->array())
                    removed.insert(*id.string());
        }
    std::erase_if(told,
                  [&](const auto& id) { return removed.contains(id.substr(0, 8)) || removed.contains(id); });
    return told;
}
void FakeServer::sendCancel(const std::string& taskId) {
    send(
        Object{{"action", "cancel"}, {"payload", Object{{"task_id", taskId}, {"reason", "a person asked"}}}});
}
std::vector<Value> FakeServer::heartbeats() const {
    LOCKED;
    return state_->heartbeats;
}
std::vector<Value> FakeServer::reports(const std::string& taskId) const {
    LOCKED;
    const auto found = state_->reports.find(taskId);
    return found == state_->reports.end() ? std::vector<Value>() : found->second;
}
std::optional<Value> FakeServer::awaitResult(const std::string& taskId,
                                             std::chrono::milliseconds limit) const {
    std::unique_lock lock(state_->mutex);
    std::optional<Value> result;
    state_->changed.wait_for(lock, limit, [&] {
        for (const auto& report : state_->reports[taskId])
            if (!result && report.stringOr("status") != "running")
                result = report;
        return result.has_value();
    });
    return result;
}
std::vector<std::string> FakeServer::logLines(const std::string& taskId) const {
    LOCKED;
    std::vector<std::string> out;
    for (const auto& [seq, message] : state_->logs[taskId])
        out.push_back(message);
    return out;
}
std::vector<int> FakeServer::polls() const {
    LOCKED;
    return state_->polls;
}
bool FakeServer::logNumbersBroken() const {
    LOCKED;
    return state_->logsBroken;
}

} // namespace test
