#pragma once

#include <string>

namespace docker {

/// Tells the container that this process runs in, if it does: it must not be paused or stopped.
class OwnContainer {
public:
    /// From /proc/self/cgroup and /proc/self/mountinfo, and the name of the host.
    OwnContainer(const std::string& cgroup, const std::string& mounts, const std::string& host);
    /// Of this process.
    static OwnContainer ofThisProcess();

    [[nodiscard]] bool is(const std::string& containerId) const;

private:
    std::string ids_; // each between spaces
    std::string host_;
};

} // namespace docker
