#pragma once

#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "integration/system/api_client.h"

namespace test {

/// How the people and the agent of the story reach the host. It comes back only with an answer: what the host
/// did not answer because it ended is asked again, with the same Idempotency-Key.
using Ask =
    std::function<ApiAnswer(const std::string& method, const std::string& path, const std::string& token,
                            const core::json::Value& body, const std::string& key)>;

/// What was acknowledged, to be held against what the host has in the end.
struct Ledger {
    struct Change {
        std::string action; ///< of the audit log
        std::string object; ///< id
        bool once = true;   ///< asked with a key: exactly one row; else one for each time it was done
    };
    std::vector<Change> changes;
    std::set<std::string> tasks;                          ///< that somebody asked for
    std::map<std::string, std::string> outcomes;          ///< what the agent reported, by task
    std::map<std::string, std::string> snapshots;         ///< snapshot by task
    std::map<std::string, std::vector<std::string>> logs; ///< acknowledged lines by task
    std::map<std::string, std::int64_t> attempts;         ///< the last one that was begun, by task
};

/// A day of a tenant: an administrator sets everything up, changes and removes some of it; an agent enrols,
/// is given tasks, reports them. The agent keeps a journal as the real one does: it starts each attempt once
/// and reports until the host has taken it. What it does, and in which order where that is free, depends on
/// the seed alone.
class Story {
public:
    Story(Ask ask, unsigned seed) : ask_(std::move(ask)), random_(seed) {}

    /// Signs in, sets up, and goes through everything once. Makes the policy's slot due with
    /// `makeDue(policy)`.
    void play(const std::string& email, const std::string& password,
              const std::function<void(const std::string& policy)>& makeDue);
    /// The agent works until nothing is left for it.
    void quiesce();

    [[nodiscard]] const Ledger& ledger() const noexcept { return ledger_; }
    [[nodiscard]] const std::string& admin() const noexcept { return admin_; }

private:
    ApiAnswer ask(const std::string& method, const std::string& path, const core::json::Value& body = {},
                  const std::string& key = {});
    ApiAnswer agentAsks(const std::string& method, const std::string& path,
                        const core::json::Value& body = {});
    std::string key();
    /// A POST with a key that must succeed; notes the change and returns the answer.
    core::json::Value create(const std::string& path, const core::json::Object& body, int status,
                             const std::string& action);
    void change(const std::string& method, const std::string& path, const core::json::Value& body,
                const std::string& action, const std::string& object);
    void signIn(const std::string& email, const std::string& password);
    void people();
    void enrol();
    void policies();
    void tasks();
    std::string backUp();
    /// Asks for work, waits for it so many seconds, and does it.
    void work(int wait = 1);
    /// Works until the task has ended.
    void workOff(const std::string& task);
    void execute(const std::string& task, std::int64_t attempt);
    void report(const std::string& task, core::json::Object report);
    void writeLog(const std::string& task, std::int64_t attempt, int lines);

    Ask ask_;
    std::mt19937 random_;
    Ledger ledger_;
    std::string admin_, refresh_, agent_, agentToken_, repository_, policy_;
    std::set<std::string> mustFail_;
    int keys_ = 0;
};

} // namespace test
