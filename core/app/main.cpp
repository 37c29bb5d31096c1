#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "commands.h"
#include "core/error.h"
#include "core/text.h"
#include "signals.h"

extern char** environ;

namespace {

using core::app::GlobalOptions;

void addGlobalOptions(CLI::App& app, GlobalOptions& global) {
    app.add_option_function<std::string>(
           "--config",
           [&global](const std::string& file) {
               global.file = file;
               global.fileRequired = true;
           },
           "Configuration file (YAML); the one named here must exist")
        ->default_str(global.file);
    const auto setting = [&](const char* flag, const char* key, const char* doc) {
        app.add_option_function<std::string>(
               flag, [&global, key](const std::string& value) { global.flags[key] = value; }, doc)
            ->type_name("VALUE");
    };
    setting("--data-dir", "data_dir", "Folder for the embedded database, keys and files of modules");
    setting("--database-url", "database.url", "sqlite:PATH or postgresql://…");
    setting("--http-addr", "http.addr",
            "Addresses to listen on, HOST:PORT or unix:/PATH, separated by commas");
    setting("--module-path", "module_path", "Folders with further modules, separated by colons");
    setting("--log-level", "log.level", "debug, info, warn or error");
    setting("--log-format", "log.format", "json or text");
    app.add_flag("--json", global.json, "Answer in JSON");
}

/// "user create" becomes the subcommand create of the subcommand user.
CLI::App* subcommand(CLI::App& app, const std::string& path, const std::string& summary,
                     const std::string& example) {
    CLI::App* at = &app;
    std::size_t begin = 0;
    for (;;) {
        const auto blank = path.find(' ', begin);
        const std::string name = path.substr(begin, blank - begin);
        const bool last = blank == std::string::npos;
        CLI::App* next = nullptr;
        for (CLI::App* known :
             at->get_subcommands([&](const CLI::App* sub) { return sub->get_name() == name; }))
            next = known;
        if (next == nullptr) {
            next = at->add_subcommand(name, last ? summary : "Commands for " + name);
            if (!last)
                next->require_subcommand(1);
            next->fallthrough();
            next->footer(""); // not its parent's
        }
        at = next;
        if (last)
            return at;
        // A group shows the examples of its commands.
        if (!example.empty())
            at->footer((at->get_footer().empty() ? "Examples:" : at->get_footer()) + "\n  " + example);
        begin = blank + 1;
    }
}

/// What to say where the words begin with no command.
std::optional<std::string> unknownCommand(const std::vector<std::string>& words,
                                          const std::vector<core::Command>& commands) {
    if (words.empty() || words.front().starts_with('-'))
        return std::nullopt;
    // "user" of "user create" is one, and then "create" is looked for among what follows it.
    std::string path;
    for (const auto& word : words) {
        std::vector<std::string> known;
        bool complete = false;
        for (const auto& command : commands) {
            complete = complete || command.path == path;
            if (!command.path.starts_with(path) || command.path == path)
                continue;
            const auto begin = path.empty() ? 0 : path.size() + 1;
            if (begin == 0 || command.path[path.size()] == ' ')
                known.push_back(command.path.substr(begin, command.path.find(' ', begin) - begin));
        }
        if (complete || known.empty() || word.starts_with('-'))
            return std::nullopt;
        if (std::find(known.begin(), known.end(), word) == known.end()) {
            const auto lead = path.empty() ? std::string() : path + ' ';
            const auto meant = core::closest(word, known);
            return "There is no command \"" + lead + word + "\"" +
                   (meant ? "; did you mean \"" + lead + *meant + "\"?"
                          : ". See ae-backend " + lead + "--help");
        }
        path += (path.empty() ? "" : " ") + word;
    }
    return std::nullopt;
}

using Values = std::map<std::string, std::string>;

const core::Command::Option* findOption(const core::Command& command, const std::string& name) {
    const auto at = std::find_if(command.options.begin(), command.options.end(),
                                 [&](const auto& option) { return option.name == name; });
    return at != command.options.end() ? &*at : nullptr;
}

/// Adds an option of one form of a command, unless another form has brought it already.
void addOption(CLI::App& sub, const core::Command::Option& option,
               const std::vector<const core::Command*>& forms, const std::shared_ptr<Values>& given) {
    const auto flag = "--" + option.name;
    if (sub.get_option_no_throw(option.positional ? option.name : flag) != nullptr)
        return;
    if (option.flag) {
        sub.add_flag_callback(
            flag, [given, name = option.name] { (*given)[name] = "true"; }, option.doc);
        return;
    }
    auto* added = sub.add_option(
        option.positional ? option.name : flag,
        [given, name = option.name](const CLI::results_t& values) {
            (*given)[name] = values.back();
            return true;
        },
        option.doc);
    added->type_name("TEXT");
    if (std::all_of(forms.begin(), forms.end(), [&](const core::Command* form) {
            const auto* same = findOption(*form, option.name);
            return same != nullptr && same->required;
        }))
        added->required();
    if (!option.oneOf.empty())
        added->check(CLI::IsMember(option.oneOf));
    if (!option.defaultValue.empty())
        added->default_str(option.defaultValue);
}

/// The form of a command that is meant: see core::Command.
const core::Command& formFor(const std::vector<const core::Command*>& forms, const Values& given) {
    const core::Command* best = forms.front();
    std::ptrdiff_t most = 0;
    for (const auto* form : forms) {
        const auto missing = [&](const auto& option) {
            return option.required && !given.contains(option.name);
        };
        const auto needs = std::count_if(form->options.begin(), form->options.end(),
                                         [](const auto& option) { return option.required; });
        if (needs > most && std::none_of(form->options.begin(), form->options.end(), missing)) {
            best = form;
            most = needs;
        }
    }
    return *best;
}

/// What to say where an option was given that another form of the command has.
std::optional<std::string> strayOption(const core::Command& command, const Values& given) {
    for (const auto& [name, value] : given)
        if (findOption(command, name) == nullptr)
            return "--" + name + " means nothing here. See ae-backend " + command.path + " --help";
    return std::nullopt;
}

int run(int argc, char** argv) {
    // First: what it takes is not among the variables that are copied below.
    const auto manager = core::host::ServiceManager::takeFromEnvironment();
    GlobalOptions global;
    global.executable = std::filesystem::read_symlink("/proc/self/exe");
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals != std::string_view::npos)
            global.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }

    // First the flags that say where modules are: their commands are part of the second, full parse. The
    // version needs none of them.
    GlobalOptions early = global;
    bool version = false;
    std::vector<std::string> words;
    {
        CLI::App app;
        app.set_help_flag("");
        app.allow_extras();
        addGlobalOptions(app, early);
        app.add_flag("--version", version);
        try {
            app.parse(argc, argv);
            words = app.remaining();
        } catch (const CLI::ParseError&) { // NOLINT(bugprone-empty-catch): the full parse reports it
        }
    }
    if (version) {
        std::cout << core::app::versionLine() << std::endl;
        return std::cout.good() ? 0 : 1;
    }
    core::app::Commands commands(early, manager);
    const auto list = commands.all();
    if (const auto problem = unknownCommand(words, list)) {
        std::cerr << "ae-backend: " << *problem << '\n';
        return 2;
    }

    CLI::App app{"ae-backend: the host of Restic Monitor"};
    app.set_version_flag("--version", std::string(core::app::versionLine()));
    app.require_subcommand(1);
    app.fallthrough();
    addGlobalOptions(app, global);
    app.footer("Examples:\n"
               "  ae-backend serve --data-dir ./data --http-addr 127.0.0.1:8080\n"
               "  ae-backend config check --config /etc/ae-backend/config.yaml\n"
               "  ae-backend user create --email ops@example.org --role operator\n"
               "Exit codes: 0 done, 1 failed, 2 misused.");
    int code = 0;
    // Commands of one path are forms of one.
    std::map<std::string, std::vector<const core::Command*>> forms;
    for (const auto& command : list)
        forms[command.path].push_back(&command);
    for (const auto& first : list) {
        const auto& same = forms.at(first.path);
        if (same.front() != &first)
            continue;
        CLI::App* sub = subcommand(app, first.path, first.summary, first.example);
        const auto given = std::make_shared<Values>();
        std::string examples;
        for (const auto* form : same) {
            for (const auto& option : form->options)
                addOption(*sub, option, same, given);
            if (!form->example.empty())
                examples += "\n  " + form->example;
        }
        if (!examples.empty())
            sub->footer((same.size() > 1 ? "Examples:" : "Example:") + examples);
        sub->final_callback([&commands, &code, &global, same, given] {
            const auto& command = formFor(same, *given);
            if (const auto stray = strayOption(command, *given)) {
                std::cerr << "ae-backend: " << *stray << '\n';
                code = 2;
                return;
            }
            std::optional<core::app::EndedBySignals> interruptible;
            if (command.path != "serve")
                interruptible.emplace();
            auto values = *given;
            for (const auto& option : command.options)
                if (!option.defaultValue.empty())
                    values.emplace(option.name, option.defaultValue);
            core::Command::Invocation invocation{std::move(values), global.json, std::cout, std::cerr};
            code = commands.run(command, global, invocation);
        });
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int parsed = app.exit(error);
        return parsed == 0 ? 0 : 2;
    }
    return code;
}

} // namespace

int main(int argc, char** argv) {
    // Its memory holds secrets.
    const rlimit none{};
    ::setrlimit(RLIMIT_CORE, &none);
    core::app::blockSignals();
    try {
        return run(argc, argv);
    } catch (const core::Error& error) {
        std::cerr << "ae-backend: " << error.what() << '\n';
        return 1;
    } catch (...) {
        std::cerr << "ae-backend: " << core::describeCurrentException() << '\n';
        return 1;
    }
}
