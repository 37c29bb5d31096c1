#include "host/port_holders.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace core::host {

namespace fs = std::filesystem;

namespace {

/// The addresses as /proc/net/tcp writes them: words of 32 bits in the machine's order.
std::vector<std::string> kernelNames(const http::ListenAddress& address) {
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.host.empty() ? nullptr : address.host.c_str(), address.port.c_str(), &hints,
                      &found) != 0)
        return {};
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, ::freeaddrinfo);
    std::vector<std::string> names;
    for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
        std::uint32_t words[4] = {};
        std::size_t count = 1;
        if (info->ai_family == AF_INET6) {
            count = 4;
            std::memcpy(words, &reinterpret_cast<const sockaddr_in6*>(info->ai_addr)->sin6_addr,
                        sizeof words);
        } else {
            std::memcpy(words, &reinterpret_cast<const sockaddr_in*>(info->ai_addr)->sin_addr,
                        sizeof words[0]);
        }
        std::string name;
        for (std::size_t i = 0; i < count; ++i)
            name += fmt::format("{:08X}", words[i]);
        names.push_back(std::move(name));
    }
    return names;
}

/// One of them is every address, or both are the same; an IPv4 address may stand within one of IPv6.
bool overlap(const std::string& wanted, const std::string& taken) {
    const auto every = [](const std::string& name) {
        return name.find_first_not_of('0') == std::string::npos;
    };
    return every(wanted) || every(taken) || taken.ends_with(wanted);
}

std::set<std::string> tcpSockets(const http::ListenAddress& address) {
    constexpr std::string_view kListens = "0A";
    const auto wanted = kernelNames(address);
    int number = 0;
    std::from_chars(address.port.data(), address.port.data() + address.port.size(), number);
    const auto port = fmt::format(":{:04X}", number);
    std::set<std::string> inodes;
    for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream in(table);
        std::string line;
        std::getline(in, line);
        while (std::getline(in, line)) {
            std::istringstream words(line);
            std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
            words >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >>
                inode;
            if (state != kListens || !local.ends_with(port))
                continue;
            const auto taken = local.substr(0, local.size() - port.size());
            if (std::any_of(wanted.begin(), wanted.end(),
                            [&](const auto& name) { return overlap(name, taken); }))
                inodes.insert(inode);
        }
    }
    return inodes;
}

std::set<std::string> fileSockets(const std::string& path) {
    std::set<std::string> inodes;
    std::ifstream in("/proc/net/unix");
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
        std::istringstream words(line);
        std::string number, references, protocol, flags, type, state, inode, name;
        words >> number >> references >> protocol >> flags >> type >> state >> inode >> std::ws;
        std::getline(words, name);
        if (name == path)
            inodes.insert(inode);
    }
    return inodes;
}

bool holdsOne(const fs::path& process, const std::set<std::string>& inodes) {
    std::error_code code;
    for (fs::directory_iterator at(process / "fd", code), end; !code && at != end; at.increment(code)) {
        std::error_code gone;
        const auto target = fs::read_symlink(at->path(), gone).string();
        constexpr std::string_view kSocket = "socket:[";
        if (target.starts_with(kSocket) &&
            inodes.contains(target.substr(kSocket.size(), target.size() - kSocket.size() - 1)))
            return true;
    }
    return false;
}

} // namespace

std::vector<PortHolder> holdersOf(const http::ListenAddress& address) {
    const auto inodes = address.path.empty() ? tcpSockets(address) : fileSockets(address.path);
    std::vector<PortHolder> holders;
    std::error_code code;
    for (fs::directory_iterator at("/proc", code), end; !code && at != end; at.increment(code)) {
        const auto name = at->path().filename().string();
        int pid = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size() ||
            !holdsOne(at->path(), inodes))
            continue;
        std::error_code unknown;
        auto executable = fs::read_symlink(at->path() / "exe", unknown).string();
        constexpr std::string_view kDeleted = " (deleted)"; // replaced while it runs
        if (executable.ends_with(kDeleted))
            executable.resize(executable.size() - kDeleted.size());
        holders.push_back({pid, std::move(executable)});
    }
    return holders;
}

} // namespace core::host
