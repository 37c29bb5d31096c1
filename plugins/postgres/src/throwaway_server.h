#pragma once

#include <memory>
#include <string>
#include <thread>

#include "notes.h"
#include "server.h"

namespace postgres {

/// A PostgreSQL of its own in a folder of its own, for one step: no network, and nothing of it stays. Where
/// this process is root it runs as the user "postgres", which PostgreSQL needs and which may not read the
/// agent's folders.
class ThrowawayServer {
public:
    /// `bin`: the folder with its programs. Throws Failure if it does not start.
    ThrowawayServer(const agent::plugin::Step& step, std::string bin, std::string superuser);
    ~ThrowawayServer();
    ThrowawayServer(const ThrowawayServer&) = delete;
    ThrowawayServer& operator=(const ThrowawayServer&) = delete;

    /// For SQL in it.
    [[nodiscard]] const Server& server() const { return *server_; }

private:
    void makeFolder();
    void makeCluster();
    void start();
    void remove() noexcept;
    [[nodiscard]] std::vector<std::string> asItsUser(std::vector<std::string> arguments) const;

    const agent::plugin::Step& step_;
    std::string bin_;
    std::string superuser_;
    std::string folder_;
    std::unique_ptr<Note> note_;
    std::unique_ptr<Server> server_;
    std::jthread thread_;
    agent::plugin::Ended ended_;
};

/// Stops the server that a note tells of and removes its folder; false if that cannot be done now.
[[nodiscard]] bool removeThrowawayServer(const std::string& folder);

} // namespace postgres
