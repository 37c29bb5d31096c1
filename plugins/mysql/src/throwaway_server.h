#pragma once

#include <memory>
#include <string>
#include <thread>

#include "server.h"

namespace mysql {

/// A MariaDB server in the step's work folder, reached by a socket there and by nothing else. It ends, and
/// its folder goes, with this object; after a crash removeLeftServers() does that.
class ThrowawayServer {
public:
    ThrowawayServer(const Step& step, const Settings& settings);
    ~ThrowawayServer();
    ThrowawayServer(const ThrowawayServer&) = delete;
    ThrowawayServer& operator=(const ThrowawayServer&) = delete;

    [[nodiscard]] const Server& server() const { return *server_; }

private:
    void install();
    void start();
    void stop() noexcept;
    void note(int pid) const;
    void findPrograms();
    [[nodiscard]] std::string lastError() const;

    const Step& step_;
    const Settings& settings_;
    std::string installer_;
    std::string program_;
    std::vector<std::string> where_; // that they are in another place than the system's
    std::string folder_;
    std::string link_; // a short way to the folder: paths of sockets have 107 characters at most
    std::string socket_;
    std::string note_;
    std::thread thread_;
    agent::plugin::Ended end_;
    std::unique_ptr<Server> server_;
};

/// Stops the servers of steps that were killed, and removes their folders. Only those that this plugin noted.
void removeLeftServers(const Step& step);

} // namespace mysql
