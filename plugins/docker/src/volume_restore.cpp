#include "volume_restore.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "containers.h"
#include "holds.h"
#include "tar.h"

namespace docker {
namespace {
namespace fs = std::filesystem;

constexpr const char* kVolumeNote = "volume";
constexpr const char* kFolderNote = "folder";

bool isEmpty(const std::string& folder) {
    std::error_code code;
    return fs::is_empty(folder, code) && !code;
}

void removeVolume(const Engine& engine, const std::string& name) {
    const auto answer =
        engine.call("DELETE", "/volumes/" + Engine::escaped(name), std::nullopt, std::chrono::minutes(10));
    if (!answer.ok() && answer.status != 404)
        throw Failure("The volume " + name + " could not be removed: " + answer.message(),
                      "Remove it by hand: docker volume rm " + name);
}

/// What is removed again unless the restore came to its end, and after it.
class Unfinished {
public:
    Unfinished(const Step& step, const Engine& engine, Note note)
        : step_(step), engine_(engine), note_(std::move(note)) {}
    ~Unfinished() {
        try {
            removeUnfinished(engine_, note_);
        } catch (const std::exception& error) {
            step_.warn(error.what());
        }
    }
    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;

private:
    const Step& step_;
    const Engine& engine_;
    Note note_;
};

/// Exchanges what two paths of one file system name, in one moment.
void swapPlaces(const std::string& one, const std::string& other) {
    if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) != 0)
        throw Failure("The restored files could not take the place of " + other + ": " + std::strerror(errno),
                      errno == EBUSY || errno == EXDEV
                          ? "It is a mount point. Restore under another name, and copy the files"
                          : "");
}

/// Stops all that have it: a mount keeps the files that were there when it was made.
void stopUsers(const Engine& engine, Holds& holds, const std::function<bool(const Mount&)>& is) {
    auto containers = containersOf(engine);
    std::ranges::sort(containers, std::ranges::greater(), &Container::created);
    std::erase_if(containers, [&](const Container& container) {
        return !container.running || std::ranges::none_of(container.mounts, is);
    });
    const auto own = OwnContainer::ofThisProcess();
    for (const auto& container : containers) { // before the first one is touched
        if (const auto obstacle = obstacleTo(How::stop, container, own); !obstacle.empty())
            throw Failure(obstacle, "Stop it by hand, or restore under another name");
        if (container.paused)
            throw Failure("The container " + container.name +
                              " is paused and has to be stopped for the restore",
                          "Unpause or stop it, then restore again");
    }
    for (const auto& container : containers)
        holds.hold(container.id, How::stop);
}

void answer(const Step& step, const Engine& engine, const std::vector<std::string>& warnings) {
    step.answer({{"server", {{"product", "Docker"}, {"version", engine.version()}}}, {"warnings", warnings}});
}

Volume existing(const Engine& engine, const std::string& name) {
    auto volume = findVolume(engine, name);
    if (!volume)
        throw Failure("The volume " + name + " has gone meanwhile");
    if (!volume->visible() || volume->mountedOnDemand)
        throw Failure("The files of the volume " + name + " cannot be exchanged from here: they are not at " +
                          (volume->mountpoint.empty() ? "any path" : volume->mountpoint) +
                          " of this machine, or the engine mounts them from elsewhere",
                      "Unpack the dump by hand, as docs/plugins/docker.md says");
    return *volume;
}

bool isName(const std::string& name) {
    const auto word = [](char sign) { return std::isalnum(static_cast<unsigned char>(sign)) != 0; };
    return name.size() > 1 && name.size() <= 255 && word(name.front()) &&
           std::ranges::all_of(
               name, [&](char sign) { return word(sign) || sign == '_' || sign == '.' || sign == '-'; });
}
} // namespace

void removeUnfinished(const Engine& engine, Note& note) {
    const auto type = note.content().value("type", std::string());
    if (type == kVolumeNote) {
        removeVolume(engine, note.content().at("name"));
    } else if (type == kFolderNote) {
        std::error_code code;
        fs::remove_all(note.content().at("name").get<std::string>(), code);
        if (code)
            throw Failure(note.content().at("name").get<std::string>() +
                          " could not be removed: " + code.message());
    }
    note.remove();
}

void restoreVolume(const Step& step, const Engine& engine, const Settings& settings, const std::string& name,
                   bool replace, const Json& labels) {
    if (!isName(name))
        throw Failure("A volume cannot be called " + name, "Letters, digits, and _ . - after the first one");
    (void)tarVersion(step);
    if (findVolume(engine, name) && !isEmpty(existing(engine, name).mountpoint) && !replace)
        throw Failure("The volume " + name + " is there and not empty",
                      "Restore under another name, or ask for it to be replaced");
    const auto own = token();
    const auto beside = "restic-monitor-restore-" + own;
    const Unfinished unfinished(
        step, engine,
        Note(step, "restore-" + own, {{"type", kVolumeNote}, {"socket", engine.socket()}, {"name", beside}}));
    engine.post("/volumes/create", {{"Name", beside}, {"Driver", "local"}}, "Creating the volume " + beside);
    const auto unpacked = existing(engine, beside).mountpoint;
    unpackInto(step, unpacked);
    const Lock lock(step, Lock::Wait::untilFree);
    Holds holds(step, engine, settings);
    if (findVolume(engine, name))
        stopUsers(engine, holds, [&](const Mount& mount) { return mount.volume && mount.name == name; });
    else
        engine.post("/volumes/create", {{"Name", name}, {"Driver", "local"}, {"Labels", labels}},
                    "Creating the volume " + name);
    const auto place = existing(engine, name).mountpoint;
    if (!replace && !isEmpty(place))
        throw Failure("Somebody has written to the volume " + name + " meanwhile",
                      "Restore under another name, or ask for it to be replaced");
    swapPlaces(unpacked, place);
    answer(step, engine, holds.release());
}

void restoreFolder(const Step& step, const Engine& engine, const Settings& settings,
                   const std::string& folder, bool replace) {
    const auto is = [&](const Mount& mount) { return !mount.volume && mount.source == folder; };
    const auto containers = containersOf(engine);
    // Else whoever may ask for restores could write anywhere on the machine.
    if (std::ranges::none_of(containers, [&](const Container& container) {
            return std::ranges::any_of(container.mounts, is);
        }))
        throw Failure("No container has the folder " + folder,
                      "Create the container first, or restore into a volume: give a name without a slash");
    std::error_code code;
    const auto status = fs::symlink_status(folder, code);
    if (fs::exists(status) && !fs::is_directory(status))
        throw Failure(folder + " is no folder");
    if (fs::exists(status) && !isEmpty(folder) && !replace)
        throw Failure("The folder " + folder + " is there and not empty",
                      "Ask for it to be replaced, or restore into a volume: give a name without a slash");
    (void)tarVersion(step);
    const auto own = token();
    const auto beside = fs::path(folder).parent_path() / (".restic-monitor-restore-" + own);
    const Unfinished unfinished(
        step, engine,
        Note(step, "restore-" + own,
             {{"type", kFolderNote}, {"socket", engine.socket()}, {"name", beside.string()}}));
    if (::mkdir(beside.c_str(), 0700) != 0)
        throw Failure(beside.string() + " could not be created: " + std::strerror(errno));
    unpackInto(step, beside);
    const Lock lock(step, Lock::Wait::untilFree);
    Holds holds(step, engine, settings);
    stopUsers(engine, holds, is);
    if (!replace && fs::exists(folder, code) && !isEmpty(folder))
        throw Failure("Somebody has written to the folder " + folder + " meanwhile");
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        throw Failure(folder + " could not be created: " + std::strerror(errno));
    swapPlaces(beside, folder);
    answer(step, engine, holds.release());
}

} // namespace docker
