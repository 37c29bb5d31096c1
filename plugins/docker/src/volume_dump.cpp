#include <algorithm>
#include <filesystem>

#include "connection.h"
#include "dump.h"
#include "holds.h"
#include "tar.h"
#include "tar_pump.h"

namespace docker {
namespace {
/// Through a container that has the files, where this machine does not: the engine reads them.
void download(const Step& step, const Engine& engine, const Item& item) {
    auto through = std::ranges::find_if(item.users, [](const User& user) { return user.container.running; });
    if (through == item.users.end())
        through = item.users.begin();
    if (through == item.users.end())
        throw Failure("The files of the " + item.name +
                      " cannot be seen from here, and no container has them");
    ArchiveEnd archive;
    auto told = std::chrono::steady_clock::now();
    engine.download(
        "/containers/" + through->container.id +
            "/archive?path=" + Engine::escaped(through->mount.destination + "/."),
        [&](std::string_view piece) {
            archive.read(piece);
            if (const auto now = std::chrono::steady_clock::now(); now - told > std::chrono::seconds(1)) {
                told = now;
                step.progress(archive.bytes());
            }
            return writeAll(step.stream(), piece);
        },
        [&] { return step.stopped(); });
    if (!archive.whole()) // the engine ends its answer well also then
        throw Failure("The Docker engine broke off reading the files of the " + item.name,
                      "Look at its log: journalctl -u docker");
}
} // namespace

void dumpFiles(const Step& step, const Engine& engine, const Settings& settings, const Item& item) {
    auto users = item.users;
    std::erase_if(users, [](const User& user) { return user.how == How::live; });
    // Those that were made last depend on those before.
    std::ranges::sort(users, std::ranges::greater(), [](const User& user) { return user.container.created; });
    const bool live = std::ranges::any_of(item.users, [](const User& user) {
        return user.how == How::live && user.container.running && !user.container.paused &&
               user.mount.writable;
    });
    auto warnings = item.warnings;
    std::optional<Lock> lock;
    Holds holds(step, engine, settings);
    if (!users.empty())
        lock.emplace(step, Lock::Wait::untilFree);
    for (const auto& user : users)
        holds.hold(user.container.id, user.how);
    // Only now: what a driver mounts on demand goes with the last container that runs.
    const bool here = item.volume ? item.volume->visible() : std::filesystem::is_directory(item.target);
    const auto version = here ? tarVersion(step) : engine.version();
    if (here)
        std::ranges::move(packFolder(step, item.volume ? item.volume->mountpoint : item.target, live),
                          std::back_inserter(warnings));
    else
        download(step, engine, item);
    std::ranges::move(holds.release(), std::back_inserter(warnings));
    step.answer(
        {{"tool", {{"name", here ? "tar" : "Docker"}, {"version", version}}}, {"warnings", warnings}});
}

} // namespace docker
