#include "host/state_copy.h"

#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/random.h"
#include "db/copy.h"
#include "db/url.h"

namespace core::host {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const std::string& message) {
    throw Error(errors::kUnavailable, message);
}

void makeFolder(const fs::path& folder) {
    if (::mkdir(folder.c_str(), 0700) != 0)
        fail(fmt::format("The folder {} cannot be created: {}", folder.string(),
                         std::generic_category().message(errno)));
}

void syncToDisk(const fs::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool ok = fd >= 0 && ::fsync(fd) == 0;
    if (fd >= 0)
        ::close(fd);
    if (!ok)
        fail(fmt::format("{} cannot be written to the disk", path.string()));
}

/// What lies in the data folder besides the embedded database, which is copied by other means.
std::size_t copyFiles(const fs::path& from, const fs::path& to, const std::string& database) {
    std::size_t files = 0;
    std::error_code code;
    for (fs::directory_iterator entries(from, code), end; entries != end; entries.increment(code)) {
        if (code)
            break;
        const auto& entry = *entries;
        const auto name = entry.path().filename();
        const auto target = to / name;
        const bool ofDatabase = !database.empty() && entry.path().string().starts_with(database);
        if (ofDatabase || entry.is_symlink(code))
            continue;
        if (entry.is_directory(code)) {
            makeFolder(target);
            files += copyFiles(entry.path(), target, database);
            syncToDisk(target);
        } else if (entry.is_regular_file(code)) {
            if (!fs::copy_file(entry.path(), target, code) || ::chmod(target.c_str(), 0600) != 0)
                fail(fmt::format("{} cannot be copied: {}", entry.path().string(), code.message()));
            syncToDisk(target);
            ++files;
        }
    }
    if (code)
        fail(fmt::format("The folder {} cannot be read: {}", from.string(), code.message()));
    return files;
}

} // namespace

StateCopy copyState(const StateToCopy& state, ProcessRunner& runner) {
    std::error_code ignored;
    const fs::path data = fs::weakly_canonical(state.dataDir, ignored);
    fs::path target = fs::weakly_canonical(fs::absolute(state.target), ignored);
    if (!target.has_filename())
        target = target.parent_path();
    if (!fs::is_directory(data, ignored))
        fail(fmt::format("There is no data folder {}: name it with --data-dir", state.dataDir.string()));
    if (fs::exists(fs::symlink_status(target, ignored)))
        fail(fmt::format("{} exists already: name a folder that does not", target.string()));
    if (std::mismatch(data.begin(), data.end(), target.begin(), target.end()).first == data.end())
        fail(fmt::format("{} lies in the data folder, which is copied: name another place", target.string()));

    const auto location = db::parseUrl(state.databaseUrl, {});
    const std::string database = location.dialect == db::Dialect::sqlite
                                     ? fs::weakly_canonical(location.path, ignored).string()
                                     : std::string();
    StateCopy copy;
    copy.folder = target;
    const fs::path draft = target.string() + ".part-" + randomToken(6);
    makeFolder(draft);
    try {
        copy.database = db::copyDatabase(state.databaseUrl, draft, state.environment, runner);
        ::chmod((draft / copy.database).c_str(), 0600);
        syncToDisk(draft / copy.database);
        // After the database: a key that it needs was there before.
        copy.files = copyFiles(data, draft, database);
        syncToDisk(draft);
        if (::rename(draft.c_str(), target.c_str()) != 0)
            fail(fmt::format("{} cannot be created: {}", target.string(),
                             std::generic_category().message(errno)));
        syncToDisk(target.parent_path());
    } catch (...) {
        fs::remove_all(draft, ignored);
        throw;
    }
    return copy;
}

} // namespace core::host
