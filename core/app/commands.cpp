#include "commands.h"

#include <algorithm>
#include <iostream>

#include <unistd.h>

#include <fmt/format.h>

#include "core/db/walls.h"
#include "core/module/module_abi.h"
#include "core/template_folder.h"
#include "event/reference.h"
#include "host/free_space.h"
#include "host/state_copy.h"
#include "module/module_file.h"
#include "signals.h"

namespace core::app {

using module::ModuleRecord;

std::string versionLine() {
    return fmt::format("ae-backend {} (module ABI {}, {})", host::version(), kModuleAbi, kBuildTag);
}

namespace {
config::Sources sourcesOf(const GlobalOptions& options) {
    config::Sources sources;
    sources.file = options.file;
    sources.fileRequired = options.fileRequired;
    sources.environment = options.environment;
    sources.flags = options.flags;
    return sources;
}
} // namespace

Commands::Commands(const GlobalOptions& options, const host::ServiceManager& manager)
    : executable_(options.executable), environment_(options.environment), manager_(manager) {
    host::HostOptions given{sourcesOf(options), options.executable};
    given.sockets = manager.sockets();
    if (const auto every = manager.aliveEvery()) {
        given.alive = [&manager] { manager.alive(); };
        given.aliveEvery = *every;
    }
    host_ = std::make_unique<host::Host>(std::move(given));
    host_->loadModules();
}

std::vector<Command> Commands::all() {
    std::vector<Command> list;
    list.push_back({"serve",
                    "Run the host",
                    "ae-backend serve --config /etc/ae-backend/config.yaml",
                    {},
                    [this](auto& i) { return serve(i); }});
    list.push_back({"migrate",
                    "Bring the database up to date",
                    "ae-backend migrate --dry-run",
                    {{.name = "dry-run", .doc = "Only say what would be done", .flag = true}},
                    [this](auto& i) { return migrate(i); }});
    list.push_back(
        {"backup",
         "Copy everything that this host keeps, also while it runs: database, keys, files of modules",
         "ae-backend backup /var/backups/ae-backend-2026-01-31",
         {{.name = "folder", .doc = "Where to; it must not exist yet", .required = true, .positional = true}},
         [this](auto& i) { return backup(i); }});
    list.push_back({"config check",
                    "Check the configuration and name every problem",
                    "ae-backend config check",
                    {},
                    [this](auto& i) { return configCheck(i); }});
    list.push_back({"config show",
                    "Show every setting with its value and origin",
                    "ae-backend config show",
                    {},
                    [this](auto& i) { return configShow(i); }});
    list.push_back({"config reference",
                    "Print the reference of every setting, those of your own modules too, in Markdown",
                    "ae-backend config reference >configuration.md",
                    {},
                    [this](auto& i) { return configReference(i); }});
    list.push_back({"module list",
                    "List the modules, with the reason where one cannot be used",
                    "ae-backend module list --json",
                    {},
                    [this](auto& i) { return moduleList(i); }});
    list.push_back({"module check",
                    "Say whether this host would load a module file",
                    "ae-backend module check ./hello.so",
                    {{.name = "file", .doc = "The module's .so", .required = true, .positional = true}},
                    [this](auto& i) { return moduleCheck(i); }});
    list.push_back(
        {"module new",
         "Write a small working module to begin with",
         "ae-backend module new guestbook ./guestbook",
         {{.name = "name",
           .doc = "Its id: a-z, 0-9 and _; also its namespace and the prefix of its tables",
           .required = true,
           .positional = true},
          {.name = "folder", .doc = "Where to write it; new or empty", .required = true, .positional = true}},
         [this](auto& i) { return moduleNew(i); }});
    list.push_back({"doctor",
                    "Check configuration, database, modules and rights, and say what to do",
                    "ae-backend doctor",
                    {},
                    [this](auto& i) { return doctor(i); }});
    list.push_back({"openapi",
                    "Print the API's OpenAPI document",
                    "ae-backend openapi >openapi.json",
                    {},
                    [this](auto& i) { return openApi(i); }});
    list.push_back({"events",
                    "Print the catalogue of events, those of your own modules too, in Markdown",
                    "ae-backend events --json",
                    {},
                    [this](auto& i) { return events(i); }});
    // Those of modules begin with every module initialised.
    for (auto& command : host_->commands()) {
        command.run = [this, run = std::move(command.run)](auto& i) {
            prepareModules(i);
            return run(i);
        };
        list.push_back(std::move(command));
    }
    return list;
}

void Commands::prepareModules(const Command::Invocation& invocation) {
    const bool dryRun = invocation.flag("dry-run");
    host_->readConfig();
    host_->requireDatabase(); // where a folder is mistyped, nothing is made
    host_->openDatabase(dryRun ? host::Access::look : host::Access::use);
    // A try changes nothing, the schema neither.
    if (const auto planned = dryRun ? host_->plannedMigrations().size() : 0; planned > 0)
        throw Error(
            errors::kConflict,
            fmt::format("The database is not up to date ({} to apply), so nothing can be tried in it. "
                        "Run ae-backend migrate first",
                        planned == 1 ? "1 migration" : fmt::format("{} migrations", planned)));
    if (!dryRun)
        host_->migrate();
    host_->initializeModules();
    moduleRuns_ = true;
}

int Commands::run(const Command& command, const GlobalOptions& global, Command::Invocation& invocation) {
    const int code = answer(command, global, invocation);
    if (host_->abandoned()) {
        // A thread that never returned still uses what the way out would destroy.
        invocation.out.flush();
        invocation.err.flush();
        ::_exit(code);
    }
    return code;
}

int Commands::answer(const Command& command, const GlobalOptions&, Command::Invocation& invocation) {
    try {
        const int code = command.run(invocation);
        invocation.out.flush();
        if (invocation.out.good())
            return code;
        invocation.err << "ae-backend: the answer could not be written; what was asked for is done\n";
        return 1;
    } catch (const Error& error) {
        // What a command of a module cannot take of what was given is misuse, however it finds out.
        const int code = moduleRuns_ && error.name() == errors::kValidation.name ? 2 : 1;
        if (invocation.json) {
            json::Array problems;
            for (const auto& problem : error.details())
                problems.push_back(json::Object{{"key", problem.pointer}, {"message", problem.message}});
            invocation.err << json::writePretty(json::Object{
                {"error", error.name()}, {"message", error.what()}, {"details", std::move(problems)}});
            return code;
        }
        if (!error.details().empty() && error.details().size() > 1) {
            invocation.err << "ae-backend: " << error.details().size() << " problems:\n";
            for (const auto& problem : error.details())
                invocation.err << "  - " << problem.message << '\n';
        } else {
            invocation.err << "ae-backend: " << error.what() << '\n';
        }
        return code;
    } catch (...) {
        invocation.err << "ae-backend: " << describeCurrentException() << '\n';
        return 1;
    }
}

void Commands::reload() {
    manager_.reloading();
    try {
        const auto waiting = host_->reload();
        host_->log().info("the configuration was read again",
                          {{"waiting_for_restart", fmt::format("{}", fmt::join(waiting, ", "))}});
    } catch (...) {
        host_->log().error("the configuration was not taken; the host goes on with the one it has",
                           {{"error", describeCurrentException()}});
    }
    tellReady();
}

void Commands::tellReady() {
    manager_.ready(fmt::format("Serving on {}", fmt::join(host_->addresses(), ", ")));
}

int Commands::serve(Command::Invocation&) {
    {
        const EndedBySignals interruptible; // a database may not answer, a migration may take long
        host_->readConfig();
        host_->openDatabase();
        host_->claimDatabase();
        host_->bind();
        host_->migrate();
        host_->initializeModules();
        host_->start();
    }
    tellReady();

    sigset_t set = endingSignals();
    sigaddset(&set, SIGHUP);
    for (;;) {
        int signal = 0;
        sigwait(&set, &signal);
        if (signal == SIGHUP) {
            reload();
            continue;
        }
        host_->log().info("stopping", {{"signal", signal}});
        manager_.stopping();
        break;
    }
    // Whoever asks a second time does not want to wait for what is under way.
    const EndedBySignals impatient;
    return host_->stop() ? 0 : 1;
}

namespace {
void printApplied(std::ostream& out, db::Database& database) {
    out << "Applied migrations:\n";
    for (const auto& row : db::appliedMigrations(database)) {
        std::string at = formatInstant(row.appliedAt);
        at = at.substr(0, 10) + " " + at.substr(11, 8);
        out << fmt::format("  {} {:03} - {} (applied at {})\n", row.module, row.version, row.description, at);
    }
}
} // namespace

int Commands::migrate(Command::Invocation& invocation) {
    const bool dryRun = invocation.options.contains("dry-run");
    host_->readConfig();
    host_->openDatabase(dryRun ? host::Access::look : host::Access::use);
    auto& out = invocation.out;
    const auto planned = host_->plannedMigrations();
    if (invocation.json) {
        json::Array steps;
        for (const auto& step : planned)
            steps.push_back(json::Object{
                {"module", step.module}, {"version", step.version}, {"description", step.description}});
        if (!dryRun)
            host_->migrate();
        out << json::writePretty(json::Object{{"dry_run", dryRun}, {"steps", std::move(steps)}});
    } else {
        const std::string url = host_->config().text("database.url");
        out << "Running migrations on database: "
            << (url.empty() ? "ae-backend.db in " + host_->config().text("data_dir") : db::redactUrl(url))
            << "\n\n";
        out << "Found " << planned.size() << (planned.size() == 1 ? " migration" : " migrations")
            << " to apply\n";
        if (dryRun) {
            for (const auto& step : planned)
                out << fmt::format("→ Would run migration {} {:03}: {}\n", step.module, step.version,
                                   step.description);
            return 0;
        }
        host_->migrate([&](const db::MigrationStep& step) {
            out << fmt::format("→ Running migration {} {:03}: {}\n✓ Migration {} {:03} completed\n",
                               step.module, step.version, step.description, step.module, step.version);
        });
    }
    bool failed = false;
    for (const auto& record : host_->modules().records())
        if (record.state == ModuleRecord::State::failed && record.step == "migrate") {
            invocation.err << "ae-backend: module " << record.id << ": " << record.reason << '\n';
            failed = true;
        }
    if (!failed && !invocation.json) {
        out << "\nAll migrations completed successfully!\n\n";
        printApplied(out, host_->database());
    }
    return failed ? 1 : 0;
}

int Commands::backup(Command::Invocation& invocation) {
    host_->readConfig();
    SystemProcessRunner runner;
    const auto copy = host::copyState({host_->databaseUrl(), host_->config().text("data_dir"),
                                       invocation.options.at("folder"), environment_},
                                      runner);
    // Keys that are given and not kept are in no folder of the host's.
    std::vector<std::string> given;
    for (const auto& [key, value] : host_->config().values())
        if (value.setting.secret && !value.text.empty())
            given.push_back(key);
    if (invocation.json) {
        json::Array apart(given.begin(), given.end());
        invocation.out << json::writePretty(json::Object{{"folder", copy.folder.string()},
                                                         {"database", copy.database},
                                                         {"files", static_cast<std::int64_t>(copy.files)},
                                                         {"not_in_it", std::move(apart)}});
        return 0;
    }
    invocation.out << fmt::format("Copied the database ({}) and {} files of {} to {}.\n", copy.database,
                                  copy.files, host_->config().text("data_dir"), copy.folder.string());
    if (!given.empty())
        invocation.out << fmt::format("Not in it, keep them yourself: the configuration, with {}.\n",
                                      fmt::join(given, ", "));
    return 0;
}

int Commands::configCheck(Command::Invocation& invocation) {
    host_->readConfig();
    if (invocation.json)
        invocation.out << json::writePretty(json::Object{{"valid", true}});
    else
        invocation.out << "The configuration is valid.\n";
    return 0;
}

int Commands::configShow(Command::Invocation& invocation) {
    host_->readConfig();
    if (!invocation.json) {
        invocation.out << config::show(host_->config());
        return 0;
    }
    json::Object all;
    for (const auto& [key, value] : host_->config().values()) {
        const bool hidden = value.setting.secret && !value.text.empty();
        constexpr std::string_view kOrigins[] = {"default", "file", "environment", "flag"};
        json::Object one;
        if (hidden)
            one.set("value", "***");
        else if (value.setting.type == config::SettingType::list)
            one.set("value", json::Array(value.list.begin(), value.list.end()));
        else if (value.setting.type == config::SettingType::integer && !value.text.empty())
            one.set("value", value.number);
        else if (value.setting.type == config::SettingType::boolean)
            one.set("value", value.number != 0);
        else
            one.set("value", value.text);
        one.set("origin", kOrigins[static_cast<int>(value.origin.kind)]);
        if (!value.origin.where.empty())
            one.set("where", value.origin.where);
        all.set(key, std::move(one));
    }
    invocation.out << json::writePretty(all);
    return 0;
}

int Commands::configReference(Command::Invocation& invocation) {
    const auto groups = host_->settingGroups();
    if (!invocation.json) {
        invocation.out
            << "# Configuration of ae-backend\n\n"
               "A setting's value comes from its flag, else the environment, else the YAML file, else "
               "its default. Dots in a key are levels in the file. `ae-backend config check` names "
               "every problem; `ae-backend config show` says where each value came from.\n\n"
            << config::reference(groups);
        return 0;
    }
    json::Array items;
    for (const auto& group : groups)
        for (const auto& setting : group.settings)
            items.push_back(json::Object{{"module", group.name},
                                         {"key", setting.key},
                                         {"environment", config::environmentName(setting)},
                                         {"default", setting.defaultValue},
                                         {"doc", setting.doc},
                                         {"unit", setting.unit},
                                         {"secret", setting.secret},
                                         {"restart_needed", setting.restartNeeded}});
    invocation.out << json::writePretty(json::Object{{"items", std::move(items)}});
    return 0;
}

int Commands::moduleList(Command::Invocation& invocation) {
    bool allGood = true;
    json::Array items;
    for (const auto& record : host_->modules().records()) {
        const bool bad =
            record.state == ModuleRecord::State::failed || record.state == ModuleRecord::State::skipped;
        allGood = allGood && !bad;
        const std::string state = bad ? std::string(module::stateName(record.state)) : "loadable";
        if (invocation.json) {
            items.push_back(json::Object{{"id", record.id},
                                         {"version", record.version},
                                         {"state", state},
                                         {"step", bad ? json::Value(record.step) : json::Value()},
                                         {"reason", bad ? json::Value(record.reason) : json::Value()},
                                         {"file", record.file.string()}});
        } else {
            invocation.out << fmt::format("{:<16} {:<10} {:<9} {}\n", record.id, record.version, state,
                                          bad ? record.step + ": " + record.reason : record.file.string());
        }
    }
    if (invocation.json)
        invocation.out << json::writePretty(json::Object{{"items", std::move(items)}});
    return allGood ? 0 : 1;
}

int Commands::openApi(Command::Invocation& invocation) {
    host_->readConfig();
    host_->openDatabase(host::Access::standIn);
    host_->migrate();
    host_->initializeModules();
    invocation.out << host_->openApi() << '\n';
    return 0;
}

int Commands::events(Command::Invocation& invocation) {
    invocation.out << (invocation.json ? json::writePretty(event::describe(host_->events()))
                                       : event::reference(host_->events()));
    return 0;
}

int Commands::moduleCheck(Command::Invocation& invocation) {
    const auto file = module::inspect(invocation.options.at("file"));
    module::load(file);
    if (const auto lacking = host_->modules().lacking(file.manifest.dependencies))
        throw Error(errors::kValidation, file.manifest.id + ": " + *lacking);
    if (invocation.json)
        invocation.out << json::writePretty(
            json::Object{{"id", file.manifest.id}, {"version", file.manifest.version}, {"loadable", true}});
    else
        invocation.out << fmt::format("{} {} can be loaded by this host.\n", file.manifest.id,
                                      file.manifest.version);
    return 0;
}

int Commands::moduleNew(Command::Invocation& invocation) {
    const auto& name = invocation.options.at("name");
    const std::filesystem::path folder = invocation.options.at("folder");
    if (const auto problem = judgeTemplateName("module", name)) {
        invocation.err << "ae-backend: " << *problem << '\n';
        return 2;
    }
    const auto prefix = executable_.parent_path().parent_path();
    const auto files = writeTemplate(prefix / "share/ae-backend/module_template", name, folder);
    if (invocation.json) {
        json::Array list;
        for (const auto& file : files)
            list.emplace_back(file.string());
        invocation.out << json::writePretty(
            json::Object{{"name", name}, {"folder", folder.string()}, {"files", std::move(list)}});
        return 0;
    }
    const std::string at = folder.string();
    invocation.out << fmt::format("Wrote the module {} to {} ({} files; README.md says what each is for).\n"
                                  "\nBuild, test and run it:\n"
                                  "  cmake -S {} -B {}/build -DCMAKE_PREFIX_PATH={}\n"
                                  "  cmake --build {}/build\n"
                                  "  ctest --test-dir {}/build --output-on-failure\n"
                                  "  AE_MODULE_PATH={}/build/lib/ae-backend/modules ae-backend serve\n",
                                  name, at, files.size(), at, at, prefix.string(), at, at, at);
    return 0;
}

int Commands::doctor(Command::Invocation& invocation) {
    struct Finding {
        std::string name;
        std::string problem; ///< "" = good
        std::string note;
    };
    std::vector<Finding> findings;
    const auto check = [&](const std::string& name, const std::function<std::string()>& run) {
        try {
            findings.push_back({name, "", run()});
            return true;
        } catch (const Error& error) {
            findings.push_back({name, error.what(), ""});
        } catch (...) {
            findings.push_back({name, describeCurrentException(), ""});
        }
        return false;
    };
    bool used = false; // somebody has served from this database with this version
    bool going = check("configuration", [&] {
        host_->readConfig();
        return std::string("valid");
    });
    if (going)
        for (const auto& address : host_->listenAddresses())
            check("address " + address.text, [&] { return host_->tryAddress(address); });
    if (const auto file = going ? host_->config().text("tls.cert_file") : std::string(); !file.empty())
        check("certificate", [&] {
            const auto own = readCertificates(file).value().front();
            if (const auto problem = certificateProblem(own, SystemClock().now()))
                throw Error(errors::kUnavailable, file + ": " + *problem);
            return own.subject + ", until " + formatInstant(own.expiresAt);
        });
    going = going && check("database", [&] {
                host_->openDatabase(host::Access::look); // it answers; a new one need not be prepared
                const std::string url = host_->config().text("database.url");
                return (host_->standsIn() ? "not there yet; the first start makes it: " : "") +
                       (url.empty() ? "SQLite in " + host_->config().text("data_dir") : db::redactUrl(url));
            });
    going = going && check("schema", [&] {
                const auto planned = host_->plannedMigrations();
                used = planned.empty();
                return planned.empty() ? std::string("up to date")
                                       : fmt::format("{} migrations wait; they are applied at the next start",
                                                     planned.size());
            });
    if (going && used) {
        check("disk", [&] {
            host::requireFreeSpace(host_->config().text("data_dir"));
            return std::string("has room");
        });
        check("walls between tenants", [&] {
            const auto holes = db::checkWalls(host_->database());
            if (!holes.empty())
                throw Error(errors::kInternal, fmt::format("{}", fmt::join(holes, " ")));
            return std::string("hold");
        });
        // Their keys and folders are there, or it fails here as it would at the start.
        host_->initializeModules();
    }
    for (const auto& record : host_->modules().records())
        check("module " + record.id, [&] {
            if (record.state == ModuleRecord::State::failed || record.state == ModuleRecord::State::skipped)
                throw Error(errors::kInternal, record.step + ": " + record.reason);
            return record.version;
        });
    const bool good =
        std::all_of(findings.begin(), findings.end(), [](const auto& f) { return f.problem.empty(); });
    if (invocation.json) {
        json::Array items;
        for (const auto& finding : findings)
            items.push_back(
                json::Object{{"name", finding.name},
                             {"ok", finding.problem.empty()},
                             {"message", finding.problem.empty() ? finding.note : finding.problem}});
        invocation.out << json::writePretty(json::Object{{"ok", good}, {"checks", std::move(items)}});
    } else {
        for (const auto& finding : findings)
            invocation.out << fmt::format("{} {}: {}\n", finding.problem.empty() ? "✓" : "✗", finding.name,
                                          finding.problem.empty() ? finding.note : finding.problem);
    }
    return good ? 0 : 1;
}

} // namespace core::app
