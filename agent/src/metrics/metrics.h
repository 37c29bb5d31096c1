#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "restic/protocol/agent_messages.h"

namespace agent {

/// What the machine says about itself; what cannot be read is absent.
struct SystemMetrics {
    std::optional<std::int64_t> uptimeSeconds;
    std::optional<double> cpuPercent;
    std::optional<std::uint64_t> memoryUsedBytes;
    std::optional<std::uint64_t> memoryTotalBytes;
    std::vector<restic::protocol::DiskUsage> disks;
};

/// Reads /proc and the mounted file systems. One thread.
class MetricsReader {
public:
    explicit MetricsReader(std::filesystem::path proc = "/proc") : proc_(std::move(proc)) {}
    /// CPU use is that since the previous call, absent at the first.
    [[nodiscard]] SystemMetrics read();

private:
    std::optional<double> cpuPercent();
    std::vector<restic::protocol::DiskUsage> disks() const;

    std::filesystem::path proc_;
    std::uint64_t busyBefore_ = 0;
    std::uint64_t totalBefore_ = 0;
};

} // namespace agent
