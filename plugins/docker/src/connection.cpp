#include "connection.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "agent/plugin_step.h"

namespace docker {
using agent::plugin::Failure;

Descriptor connectTo(const std::string& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket.size() >= sizeof address.sun_path)
        throw Failure("The path of the Docker socket is too long: " + socket,
                      "Name a shorter one in the setting socket");
    std::memcpy(address.sun_path, socket.c_str(), socket.size());
    Descriptor out(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (out.fd() < 0)
        throw Failure("There is no room for another connection to the Docker engine");
    if (::connect(out.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return out;
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        throw Failure("There is no Docker socket " + socket,
                      "Install and start the Docker engine (systemctl start docker), or name its socket in "
                      "the setting socket");
    case EACCES:
    case EPERM:
        throw Failure("The agent is not permitted to use the Docker socket " + socket,
                      "Run the agent as root, or take its user into the socket's group (usermod -aG docker "
                      "USER, then restart the agent)");
    case ECONNREFUSED:
        throw Failure("No Docker engine listens at " + socket, "Start it: systemctl start docker");
    default:
        throw Failure("The Docker socket " + socket + " cannot be used: " + std::strerror(errno));
    }
}

bool sendAll(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

void withoutPipeSignal() {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

} // namespace docker
