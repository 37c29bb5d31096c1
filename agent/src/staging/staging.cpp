#include "staging/staging.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include "core/encoding.h"
#include "core/text.h"
#include "files/tree_removal.h"
#include "state/files.h"
#include "state/left_processes.h"
#include "state/process_names.h"

namespace agent {
namespace {
/// Left for everybody else on that disk.
constexpr std::uint64_t kReserve = 32ULL << 20U;
constexpr const char* kOwner = ".owner";

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& why) {
    throw core::Error(errors::kStaging, "The folder " + path.string() + ": " + why);
}

/// Nobody else's, and for nobody else to read.
void makePrivate(const std::filesystem::path& folder) {
    std::error_code code;
    std::filesystem::create_directories(folder.parent_path(), code);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        fail(folder, std::generic_category().message(errno));
    struct stat info {};
    if (::lstat(folder.c_str(), &info) != 0)
        fail(folder, std::generic_category().message(errno));
    if (!S_ISDIR(info.st_mode) || info.st_uid != ::geteuid())
        fail(folder, "It is no folder of the agent's user");
    if ((info.st_mode & 07777) != 0700 && ::chmod(folder.c_str(), 0700) != 0)
        fail(folder, std::generic_category().message(errno));
}

/// One that no other agent of the machine has.
std::filesystem::path ownFolderIn(const std::string& dir, const std::filesystem::path& state) {
    std::error_code code;
    const auto own = std::filesystem::weakly_canonical(state, code).string();
    return std::filesystem::path(dir) / ("restic-agent-" + core::hexEncode(core::sha256(own)).substr(0, 16));
}

std::optional<std::uint64_t> freeIn(const std::filesystem::path& folder) {
    struct statvfs info {};
    if (::statvfs(folder.c_str(), &info) != 0)
        return std::nullopt;
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}
} // namespace

std::filesystem::path stagingFolder(const Config& config, const std::filesystem::path& state) {
    return config.dumps.stagingDir.empty() ? state / "staging" : ownFolderIn(config.dumps.stagingDir, state);
}

std::filesystem::path restoreTestFolder(const Config& config, const std::filesystem::path& state) {
    const auto& dir = config.restoreTest.scratchDir;
    // A name of its own: the same folder may be named for dumps.
    return dir.empty() ? state / "restore-tests" : ownFolderIn(dir, state) += "-tests";
}

StagingNames restoreTestNames() {
    return {.folder = "folder for restore tests",
            .setting = "restore_test.scratch_dir",
            .content = "the restore test"};
}

std::uint64_t bytesBelow(const std::filesystem::path& path) {
    std::error_code code;
    if (std::filesystem::is_regular_file(std::filesystem::symlink_status(path, code)))
        return std::filesystem::file_size(path, code);
    std::uint64_t sum = 0;
    auto entry = std::filesystem::recursive_directory_iterator(path, code);
    // Files may go while this looks.
    for (const auto end = std::filesystem::recursive_directory_iterator(); !code && entry != end;
         entry.increment(code)) {
        std::error_code ignored;
        if (entry->is_regular_file(ignored) && !entry->is_symlink(ignored))
            if (const auto bytes = entry->file_size(ignored); !ignored)
                sum += bytes;
    }
    return sum;
}

Staging::Place::~Place() {
    const std::lock_guard lock(staging_.mutex_);
    staging_.taken_.erase(name_);
}

void Staging::Place::remove() {
    staging_.drop(name_);
}

std::filesystem::path Staging::ownerFile(const std::string& name) const {
    return folder_ / (name + kOwner);
}

std::string Staging::ownerOf(const std::string& name) const {
    try {
        return readFileIfAny(ownerFile(name)).value_or("");
    } catch (const core::Error&) {
        return {};
    }
}

void Staging::drop(const std::string& name) {
    std::error_code code;
    if (removeTree(folder_ / name)) // else it is known whose it was, and removed at the next start
        std::filesystem::remove(ownerFile(name), code);
}

std::unique_ptr<Staging::Place> Staging::take(const std::string& name, const std::string& owner) {
    {
        const std::lock_guard lock(mutex_);
        if (!taken_.insert(name).second)
            return nullptr;
    }
    std::unique_ptr<Place> place(
        new Place(*this, name, folder_ / name)); // gives the name back when what follows throws
    makePrivate(folder_);
    drop(name);
    try {
        writeFileDurably(ownerFile(name), owner);
    } catch (const core::Error& error) {
        fail(folder_, error.what());
    }
    makePrivate(folder_ / name);
    return place;
}

std::unique_ptr<Staging::Place> Staging::takeUp(const std::string& owner) {
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, code)) {
        const auto name = entry.path().stem().string();
        if (entry.path().extension() != kOwner || ownerOf(name) != owner)
            continue;
        const std::lock_guard lock(mutex_);
        if (taken_.insert(name).second)
            return std::unique_ptr<Place>(new Place(*this, name, folder_ / name));
    }
    return nullptr;
}

std::optional<Staging::Shortage> Staging::lacksRoomFor(std::uint64_t bytes) const {
    const auto folder = "the " + names_.folder + " " + folder_.string();
    const auto free = freeIn(folder_);
    if (!free)
        return Shortage{"There is no telling what room " + folder +
                            " has: " + std::generic_category().message(errno),
                        "Let " + names_.setting +
                            " in the agent's configuration name a folder in which the agent can make its "
                            "own"};
    if (*free < kReserve + bytes)
        return Shortage{"The disk of " + folder + " has " + core::formatBytes(*free) + " left; " +
                            (bytes > 0 ? names_.content + " may need " + core::formatBytes(bytes) + ", and "
                                       : std::string()) +
                            core::formatBytes(kReserve) + " are kept free",
                        "Free space there, or let " + names_.setting +
                            " in the agent's configuration name a larger disk"};
    return exceedsMaximum(bytes);
}

std::optional<Staging::Shortage> Staging::exceedsMaximum(std::uint64_t bytes) const {
    if (maxDiskUsage_ <= 0)
        return std::nullopt;
    const auto used = bytesBelow(folder_);
    const auto most = static_cast<std::uint64_t>(maxDiskUsage_);
    if (used + bytes <= most)
        return std::nullopt;
    return Shortage{"The folder for dumps " + folder_.string() + " would hold " +
                        core::formatBytes(used + bytes) + "; dumps.max_disk_usage allows " +
                        core::formatBytes(most),
                    "Raise dumps.max_disk_usage in the agent's configuration, if the disk has the room"};
}

std::optional<std::uint64_t> Staging::room() const {
    const auto free = freeIn(folder_);
    if (!free)
        return std::nullopt;
    auto room = *free > kReserve ? *free - kReserve : 0;
    if (maxDiskUsage_ > 0) {
        const auto used = bytesBelow(folder_);
        const auto most = static_cast<std::uint64_t>(maxDiskUsage_);
        room = std::min(room, most > used ? most - used : 0);
    }
    return room;
}

void Staging::removeLeftBehind(const std::set<std::string>& tasks) {
    std::error_code code;
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, code)) {
        const bool isOwner = entry.path().extension() == kOwner;
        names.insert(isOwner ? entry.path().stem().string() : entry.path().filename().string());
    }
    for (const auto& name : names) {
        const auto owner = ownerOf(name);
        if (tasks.contains(owner) || makerLives(owner))
            continue;
        endRestoresInto(folder_ / name);
        drop(name);
    }
}

} // namespace agent
