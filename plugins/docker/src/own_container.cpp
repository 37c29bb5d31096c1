#include "own_container.h"

#include <unistd.h>

#include <fstream>
#include <sstream>

namespace docker {
namespace {
constexpr std::size_t kId = 64;
constexpr std::size_t kShortId = 12;

bool isHex(const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// All ids of containers in the text, parted by spaces.
std::string idsIn(const std::string& text) {
    std::string out;
    std::string word;
    for (const char sign : text + " ") {
        if (isHex(std::string(1, sign))) {
            word += sign;
            continue;
        }
        if (word.size() == kId)
            out += " " + word + " ";
        word.clear();
    }
    return out;
}

std::string read(const char* file) {
    std::ostringstream out;
    out << std::ifstream(file).rdbuf();
    return out.str();
}
} // namespace

OwnContainer::OwnContainer(const std::string& cgroup, const std::string& mounts, const std::string& host)
    : ids_(idsIn(cgroup)), host_(host) {
    // The engine puts these files into a container. Elsewhere a machine's mounts name the containers of
    // others.
    std::istringstream lines(mounts);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        std::string number;
        std::string parent;
        std::string device;
        std::string root;
        std::string point;
        fields >> number >> parent >> device >> root >> point;
        if (point == "/etc/hostname" || point == "/etc/hosts" || point == "/etc/resolv.conf")
            ids_ += idsIn(root);
    }
}

OwnContainer OwnContainer::ofThisProcess() {
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    return {read("/proc/self/cgroup"), read("/proc/self/mountinfo"), host};
}

bool OwnContainer::is(const std::string& containerId) const {
    if (containerId.empty())
        return false;
    // What the engine calls a container's host unless it is told otherwise.
    const bool byHost =
        host_.size() == kShortId && isHex(host_) && containerId.compare(0, kShortId, host_) == 0;
    return byHost || ids_.find(" " + containerId + " ") != std::string::npos;
}

} // namespace docker
