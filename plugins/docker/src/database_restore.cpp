#include "database_restore.h"

#include "kept_dump.h"
#include "notes.h"

namespace docker {
namespace {
void load(const Step& step, const Engine& engine, const Database& database, const std::string& name,
          int from) {
    if (from != step.stream() && ::lseek(from, 0, SEEK_SET) != 0)
        throw Failure("The dump that was kept cannot be read again");
    const auto command = database.loader(name);
    const auto end = runInside(
        step, engine, database.container().id, command, [](std::string_view) {}, from);
    if (!end.ok())
        throw Failure(command.arguments.front() + " in the container " + database.container().name + " " +
                          end.describe(),
                      "If roles or accounts are missing there, create them first. The dump is tried in a "
                      "database of its own before another one is touched");
    if (!database.isPostgres() && end.inputTail.find(kCompleted) == std::string::npos)
        throw Failure("The dump is cut off: its last line is missing", "Restore another one");
}
} // namespace

void restoreDatabase(const Step& step, const Engine& engine, const Container& container,
                     const std::string& product, const std::string& name, bool replace) {
    if (!container.running || container.paused)
        throw Failure("The container " + container.name + " does not run",
                      "Start it: its server takes the dump");
    const Database database(step, engine, container, product);
    const bool there = database.exists(name);
    const bool holds = there && database.holdsAnything(name);
    if (holds && !replace)
        throw Failure("The database " + name + " in the container " + container.name + " is not empty",
                      "Restore under another name, or ask for it to be replaced");
    const auto trial = holds || there ? "restore_trial_" + token() : name;
    const auto drop = [&](const std::string& which) {
        try {
            database.drop(which);
        } catch (const Failure& failure) {
            step.warn("The database " + which + " is left behind: " + failure.what());
        }
    };
    Descriptor kept; // MySQL cannot rename a database, so that a dump is loaded twice
    if (there && !database.isPostgres())
        kept = keepDump(step);
    database.create(trial);
    try {
        load(step, engine, database, trial, kept.fd() >= 0 ? kept.fd() : step.stream());
    } catch (...) {
        drop(trial);
        throw;
    }
    if (there && database.isPostgres()) {
        database.drop(name);
        (void)database.sql("ALTER DATABASE " + database.name(trial) + " RENAME TO " + database.name(name) +
                           ";");
    } else if (there) {
        database.drop(name);
        database.create(name);
        load(step, engine, database, name, kept.fd()); // the trial's stays if this goes wrong
        drop(trial);
    }
    step.answer({{"server", {{"product", product}, {"label", container.name}}}, {"warnings", Json::array()}});
}

} // namespace docker
