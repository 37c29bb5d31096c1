#include <csignal>
#include <cstdio>
#include <string>

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <Poco/Net/NetSSL.h>
#include <fmt/format.h>

#include "agent_version.h"
#include "commands/commands.h"
#include "commands/plugin_commands.h"
#include "plugins/input_keeper.h"
#include "plugins/step_child.h"

namespace agent {
namespace {
constexpr auto kExamples = R"(
Examples:
  restic-agent enroll --server https://backup.example.com --token TOKEN
  restic-agent run
  restic-agent status --json
  restic-agent doctor
  restic-agent config

Exit codes: 0 success, 1 failure, 2 wrong usage.
Every setting of the configuration file can be given as RESTIC_AGENT_..., for example
RESTIC_AGENT_HOSTNAME (agent.hostname) or RESTIC_AGENT_RESTIC_BINARY (restic.binary).
)";

std::string lookup(const Environment& environment, const std::string& name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
}
} // namespace

int agentMain(int argc, char** argv) {
    // Its memory holds secrets, and what it starts inherits this.
    const rlimit none{};
    ::setrlimit(RLIMIT_CORE, &none);
    // OpenSSL writes to sockets without MSG_NOSIGNAL.
    ::signal(SIGPIPE, SIG_IGN);
    // Further processes of the agent itself, which no person starts.
    if (argc == 3 && std::string_view(argv[1]) == kStepCommand)
        return stepMain(argv[2]);
    if (argc > 1 && std::string_view(argv[1]) == kKeepInputCommand)
        return keepInputMain(argc, argv);
    CommonOptions common;
    common.environment = currentEnvironment();
    EnrollOptions enroll;
    std::string configFile = lookup(common.environment, "RESTIC_AGENT_CONFIG");
    std::string stateDir = lookup(common.environment, "RESTIC_AGENT_STATE_DIR");

    CLI::App app("Runs restic backups on this machine as a server asks for them.", "restic-agent");
    app.footer(kExamples);
    app.set_version_flag("--version", fmt::format("restic-agent {}", kAgentVersion));
    app.require_subcommand(0, 1);
    const auto shared = [&](CLI::App& command) {
        command.add_option("--config", configFile,
                           "Configuration file (default /etc/restic-agent/config.yaml; need not exist)");
        command.add_option("--state-dir", stateDir,
                           "Identity, journal and spool (default /var/lib/restic-agent)");
    };
    shared(app);
    auto* enrollApp =
        app.add_subcommand("enroll", "Introduce this machine to a server with a one-time token");
    shared(*enrollApp);
    enrollApp->add_option("--server", enroll.server, "The server's address, https://...");
    enrollApp->add_option(
        "--token", enroll.token,
        "The registration token; - reads it from standard input, where no list of processes shows it");
    enrollApp->add_option("--hostname", enroll.hostname, "The name to enrol under (default: the machine's)");
    enrollApp->add_option("--ca-cert", enroll.caCert, "CA certificate that the server's is checked against")
        ->check(CLI::ExistingFile);
    enrollApp->footer("\nExample:\n  restic-agent enroll --server https://backup.example.com --token TOKEN "
                      "--hostname web-01\n");
    auto* runApp = app.add_subcommand("run", "Run in the foreground (the default)");
    shared(*runApp);
    runApp->footer("\nExample:\n  restic-agent run --config /etc/restic-agent/config.yaml\n");
    auto* statusApp =
        app.add_subcommand("status", "Show enrolment, server and open tasks; exit code 1 unless all is well");
    shared(*statusApp);
    statusApp->add_flag("--json", common.json, "As JSON");
    statusApp->footer("\nExample:\n  restic-agent status --json\n");
    auto* doctorApp =
        app.add_subcommand("doctor", "Check configuration, state folder, server, clock and restic");
    shared(*doctorApp);
    doctorApp->add_flag("--json", common.json, "As JSON");
    doctorApp->footer("\nExample:\n  restic-agent doctor --state-dir /var/lib/restic-agent\n");
    auto* configApp =
        app.add_subcommand("config", "List the settings of the configuration file with their defaults");
    configApp->add_flag("--json", common.json, "As JSON");
    configApp->footer("\nExample:\n  restic-agent config\n");
    PluginCommands plugins(app, shared, common);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? static_cast<int>(ExitCode::success) : static_cast<int>(ExitCode::usage);
    }
    if (!configFile.empty()) {
        common.configFile = configFile;
        common.configRequired = true;
    }
    if (!stateDir.empty())
        common.stateDir = std::filesystem::absolute(stateDir);

    const core::SystemClock clock;
    core::SystemProcessRunner runner;
    Poco::Net::initializeSSL();
    ExitCode code = ExitCode::failure;
    try {
        if (*enrollApp)
            code = enrollCommand(common, enroll, clock);
        else if (*statusApp)
            code = statusCommand(common);
        else if (*doctorApp)
            code = doctorCommand(common, runner, clock);
        else if (*configApp)
            code = configCommand(common);
        else if (plugins.parsed())
            code = plugins.run(runner);
        else
            code = runCommand(common, runner, clock);
    } catch (const core::Error& error) {
        fmt::print(stderr, "{}\n", error.what());
        if (!error.detail().empty())
            fmt::print(stderr, "({})\n", error.detail());
    } catch (...) {
        fmt::print(stderr, "restic-agent failed: {}\n", core::describeCurrentException());
    }
    Poco::Net::uninitializeSSL();
    return static_cast<int>(code);
}

} // namespace agent
