#include "metrics/metrics.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace agent {
namespace {
constexpr std::size_t kMaxDisks = 64;

/// mountinfo and mounts write blanks in paths as octal escapes.
std::string unescape(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto octal = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '7'; };
        if (text[i] == '\\' && i + 3 < text.size() && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
            out +=
                static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}
} // namespace

SystemMetrics MetricsReader::read() {
    SystemMetrics out;
    if (double seconds = 0; std::ifstream(proc_ / "uptime") >> seconds)
        out.uptimeSeconds = static_cast<std::int64_t>(seconds);
    out.cpuPercent = cpuPercent();
    std::ifstream memory(proc_ / "meminfo");
    std::optional<std::uint64_t> total;
    std::optional<std::uint64_t> available;
    for (std::string line; std::getline(memory, line);) {
        std::istringstream fields(line);
        std::string name;
        std::uint64_t kib = 0;
        if (!(fields >> name >> kib))
            continue;
        if (name == "MemTotal:")
            total = kib * 1024;
        else if (name == "MemAvailable:")
            available = kib * 1024;
    }
    out.memoryTotalBytes = total;
    if (total && available && *available <= *total)
        out.memoryUsedBytes = *total - *available;
    out.disks = disks();
    return out;
}

std::optional<double> MetricsReader::cpuPercent() {
    std::ifstream in(proc_ / "stat");
    std::string name;
    if (!(in >> name) || name != "cpu")
        return std::nullopt;
    // user nice system idle iowait irq softirq steal; what follows is counted in user and nice already
    std::uint64_t total = 0;
    std::uint64_t idle = 0;
    for (int field = 0; field < 8; ++field) {
        std::uint64_t value = 0;
        if (!(in >> value))
            break;
        total += value;
        if (field == 3 || field == 4)
            idle += value;
    }
    const auto busy = total - idle;
    const auto busyBefore = std::exchange(busyBefore_, busy);
    const auto totalBefore = std::exchange(totalBefore_, total);
    if (totalBefore == 0 || total <= totalBefore || busy < busyBefore)
        return std::nullopt;
    return 100.0 * static_cast<double>(busy - busyBefore) / static_cast<double>(total - totalBefore);
}

std::vector<restic::protocol::DiskUsage> MetricsReader::disks() const {
    std::vector<restic::protocol::DiskUsage> out;
    // Network file systems are left out: statvfs of a dead one never returns.
    static const std::set<std::string> kKinds{"ext2", "ext3",  "ext4",    "xfs",      "btrfs",
                                              "zfs",  "f2fs",  "jfs",     "vfat",     "exfat",
                                              "ntfs", "ntfs3", "overlay", "bcachefs", "reiserfs"};
    std::set<dev_t> seen;
    std::ifstream in(proc_ / "self" / "mounts");
    for (std::string line; std::getline(in, line) && out.size() < kMaxDisks;) {
        std::istringstream fields(line);
        std::string device;
        std::string path;
        std::string kind;
        if (!(fields >> device >> path >> kind) || !kKinds.contains(kind))
            continue;
        path = unescape(path);
        struct stat where {};
        struct statvfs usage {};
        if (::stat(path.c_str(), &where) != 0 || !seen.insert(where.st_dev).second ||
            ::statvfs(path.c_str(), &usage) != 0 || usage.f_blocks == 0)
            continue;
        out.push_back({path, static_cast<std::uint64_t>(usage.f_bavail) * usage.f_frsize,
                       static_cast<std::uint64_t>(usage.f_blocks) * usage.f_frsize});
    }
    return out;
}

} // namespace agent
