#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>

#include "accounts.h"
#include "catalog.h"
#include "explain.h"
#include "items.h"
#include "load.h"
#include "pipe.h"
#include "sql_text.h"
#include "steps.h"

namespace mysql {
namespace {
/// The stream can be read once; whether it is whole, and whether it can be loaded, is to be known before
/// anything is replaced.
std::string saved(const Step& step) {
    const auto file = step.workFolder() + "/dump.sql";
    const Descriptor to(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!to.open())
        throw Failure(file + " cannot be written: " + std::strerror(errno));
    Relay relay(step.stream(), to.fd(), {.progress = [&](std::uint64_t done) { step.progress(done); }}, {});
    relay.join();
    if (relay.writeError() != 0)
        throw Failure("The dump could not be kept in " + step.workFolder() + ": " +
                          std::strerror(relay.writeError()),
                      "Make room for the whole dump there; nothing was changed");
    if (relay.readError() != 0 || !endsWhole(relay.tail()))
        throw Failure("The dump is cut off: its last line is missing. Nothing was changed",
                      "Take another snapshot; this one holds no whole dump");
    return file;
}

std::string randomName() {
    static constexpr char kSigns[] = "0123456789abcdef";
    std::random_device device;
    std::string out = "restore_trial_";
    for (int i = 0; i < 16; ++i)
        out += kSigns[device() % 16];
    return out;
}

/// A database of this step's making; it goes with this object unless it is kept.
class NewDatabase {
public:
    NewDatabase(const Server& server, std::string name, const std::string& charset)
        : server_(server), name_(std::move(name)) {
        server_.execute("CREATE DATABASE " + quotedName(name_) + charset + ";");
    }
    ~NewDatabase() {
        try {
            if (!kept_)
                (void)server_.attempt("SET SESSION foreign_key_checks=0; DROP DATABASE IF EXISTS " +
                                      quotedName(name_) + ";");
        } catch (const std::exception&) { // the failure that led here is the one to tell
        }
    }
    NewDatabase(const NewDatabase&) = delete;
    NewDatabase& operator=(const NewDatabase&) = delete;
    void keep() noexcept { kept_ = true; }

private:
    const Server& server_;
    std::string name_;
    bool kept_ = false;
};

Loaded loadFile(const Step& step, const Server& server, const std::string& database, const std::string& file,
                bool trial, const std::string& what) {
    const Descriptor from(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!from.open())
        throw Failure(file + " cannot be read: " + std::strerror(errno));
    return load(step, server, database, from.fd(), {.eventsDisabled = trial}, what);
}

/// Until the new one has been loaded whole into a database beside it, the old one is not touched. Then it is
/// loaded anew, since triggers, views, routines and events cannot be moved from one database to another.
Loaded replace(const Step& step, const Server& server, const std::string& name, const std::string& file,
               const std::string& charset) {
    const auto trialName = randomName();
    NewDatabase trial(server, trialName, charset);
    (void)loadFile(step, server, trialName, file, true,
                   "The dump cannot be loaded; the database " + name + " is as it was");
    step.info("The dump was loaded into " + trialName + " as a trial; now it takes the place of " + name);
    if (step.stopped())
        throw Failure("The restore was ended before anything was replaced");
    server.execute("SET SESSION foreign_key_checks=0; DROP DATABASE " + quotedName(name) + ";");
    try {
        server.execute("CREATE DATABASE " + quotedName(name) + charset + ";");
        return loadFile(step, server, name, file, false, "The dump was not loaded");
    } catch (const Failure& failure) {
        trial.keep();
        throw Failure("The database " + name + " was dropped, and then the dump could not be loaded again: " +
                          failure.what() + ". All of its content is in the database " + trialName,
                      failure.hint().empty() ? "Restore it once more" : failure.hint());
    }
}

bool exists(const Server& server, const std::string& name) {
    const auto rows = server.query("SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE BINARY "
                                   "SCHEMA_NAME=BINARY " +
                                   textLiteral(name) + ";");
    return !rows.empty() && rows[0][0] != "0";
}

std::string charsetOf(const Server& server, const std::string& name) {
    const auto rows = server.query("SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM "
                                   "information_schema.SCHEMATA WHERE BINARY SCHEMA_NAME=BINARY " +
                                   textLiteral(name) + ";");
    return rows.empty() ? std::string()
                        : charsetClause({{"charset", rows[0].at(0)}, {"collation", rows[0].at(1)}});
}

void restoreUsers(Step& step, const Server& server) {
    const auto done = restoreAccounts(step, server, saved(step));
    Json warnings = Json::array();
    if (!done.left.empty())
        warnings.push_back("These accounts exist and were left as they are: " + joined(done.left, 50));
    step.info("Accounts created: " + (done.created.empty() ? "none" : joined(done.created, 50)) +
              "; left as they are: " + (done.left.empty() ? "none" : joined(done.left, 50)));
    step.answer({{"created", done.created},
                 {"left", done.left},
                 {"server", server.describe()},
                 {"warnings", warnings}});
}
} // namespace

void restore(Step& step) {
    const Settings settings(step);
    const Server server(step, settings);
    if (isUsers(step.item())) {
        restoreUsers(step, server);
        return;
    }
    const auto name = step.options().at("database").get<std::string>();
    const bool mayReplace = step.options().value("replace", false);
    if (name.empty() || name == "information_schema" || name == "performance_schema" || name == "sys" ||
        name == "mysql")
        throw Failure("Nothing is restored over the database \"" + name + "\" of the server itself",
                      "Choose another name, and take over by hand what you need");
    const bool there = exists(server, name);
    const bool filled = there && holdsAnything(server, name);
    if (filled && !mayReplace)
        throw Failure("The database " + name + " exists and is not empty",
                      "Choose another name, or say that it may be replaced");
    auto charset = charsetClause(step.item());
    if (charset.empty() && there) // an older snapshot: as the database is that it goes into
        charset = charsetOf(server, name);
    const auto file = saved(step);
    Loaded loaded;
    if (filled) {
        loaded = replace(step, server, name, file, charset);
    } else {
        if (there)
            server.execute("DROP DATABASE " + quotedName(name) + ";");
        NewDatabase created(server, name, charset);
        loaded = loadFile(step, server, name, file, false, "The database " + name + " was not restored");
        created.keep();
    }
    Json warnings = Json::array();
    if (const auto accounts = accountsIfReadable(server); !accounts.empty()) {
        std::vector<std::string> gone;
        std::copy_if(loaded.definers.begin(), loaded.definers.end(), std::back_inserter(gone),
                     [&](const std::string& definer) { return !accounts.contains(definer); });
        if (!gone.empty())
            warnings.push_back("Views, triggers, routines or events have a definer who does not exist on the "
                               "server, and do not run until that account is created: " +
                               joined(gone));
    }
    if (loaded.hadGtids)
        warnings.push_back("The dump sets GTIDs of the server that it is of; they were left out");
    for (const auto& warning : warnings)
        step.warn(warning.get<std::string>());
    step.answer({{"database", name}, {"server", server.describe()}, {"warnings", warnings}});
}

} // namespace mysql
