#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/json.h"
#include "support/canaries.h"

namespace test {

/// A server for agents that keeps everything in memory: registration, heartbeats, long polls, reports, logs.
/// Thread-safe.
class FakeServer {
public:
    FakeServer();
    ~FakeServer();
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;

    [[nodiscard]] std::string url() const;

    /// Tokens that registration accepts once.
    void addRegistrationToken(const std::string& token);
    /// Answers registrations with this error from now on ("" = none).
    void refuseRegistration(int status, const std::string& error);
    /// The next registration is carried out, and its answer lost.
    void loseNextRegistrationAnswer();
    [[nodiscard]] int agents() const;
    [[nodiscard]] std::string lastRegistration() const;

    /// The token that agents' calls must bear now.
    [[nodiscard]] std::string agentToken() const;
    /// From now on only rotation accepts the current token.
    void expireToken();
    /// From now on nothing accepts it.
    void revokeToken();
    void setTokenLife(std::chrono::milliseconds life);
    [[nodiscard]] int rotations() const;

    /// All calls are answered with 503 as long as this is set.
    void setDown(bool down);
    /// Polls are held no longer than that, whatever they ask for.
    void setLongestPoll(std::chrono::milliseconds longest);
    /// Requests that met it down.
    [[nodiscard]] int outages() const;
    /// The next so many status reports are answered with 503.
    void failReports(int count);
    /// Reports about this task are answered with 409 and this error.
    void refuseReports(const std::string& taskId, const std::string& error);
    /// Answers to "running" reports of this task ask for its end.
    void requestCancelByAck(const std::string& taskId);

    /// From now on something that is not the server answers every call in its place (0 = the server itself
    /// again).
    void intrude(int status, const std::string& body, const std::string& contentType = "text/html");
    /// How many calls were answered in the server's place.
    [[nodiscard]] int intrusions() const;
    /// Log lines with this text in them are refused with ValidationError.
    void refuseLogLinesWith(const std::string& text);
    /// Results (not "running") with this member are refused with ValidationError.
    void refuseResultsWith(const std::string& member);
    /// Forgets what it stored of a task's log, as a restored database would.
    void forgetLog(const std::string& taskId);
    /// Answers log batches with 503 from now on.
    void setLogsDown(bool down);

    /// Hands an envelope to the next poll; tasks wait for a poll with a free place, cancels do not.
    void send(core::json::Object envelope);
    void sendTask(core::json::Object payload);
    void sendCancel(const std::string& taskId);

    [[nodiscard]] std::vector<core::json::Value> heartbeats() const;
    [[nodiscard]] std::vector<core::json::Value> reports(const std::string& taskId) const;
    /// The first report of a task that is not "running", waited for.
    [[nodiscard]] std::optional<core::json::Value>
    awaitResult(const std::string& taskId, std::chrono::milliseconds limit = std::chrono::seconds(60)) const;
    [[nodiscard]] std::vector<std::string> logLines(const std::string& taskId) const;
    /// What it holds of a result's items.
    [[nodiscard]] std::vector<core::json::Value> items(const std::string& taskId) const;
    /// Parts of items that came, of all tasks.
    [[nodiscard]] int parts() const;
    /// So often it has lost all items when the report comes that names them.
    void forgetItems(int times);
    /// More of one task are refused with ResultTooLarge.
    void takeItemsUpTo(std::int64_t most);
    /// Free places that polls named, in order.
    [[nodiscard]] std::vector<int> polls() const;
    /// Secrets that it gave to agents: tokens, and those of tasks.
    [[nodiscard]] const Canaries& canaries() const;
    /// Every body that agents sent but for their first, which has a token in its head.
    [[nodiscard]] std::string everythingSaid() const;
    /// The snapshots that agents told of in the results of tasks and did not remove later.
    [[nodiscard]] std::set<std::string> snapshotsToldOf() const;
    /// True if a gap or a repetition under another text was seen in log numbers.
    [[nodiscard]] bool logNumbersBroken() const;

    struct State;

private:
    std::unique_ptr<State> state_;
};

} // namespace test
