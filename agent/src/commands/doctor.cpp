#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>

#include "commands/commands.h"
#include "config/server_address.h"
#include "core/certificate.h"
#include "core/http/client.h"
#include "files/path_look.h"
#include "plugins/plugins.h"
#include "restic/cli/probe.h"
#include "restic/protocol/repository_kinds.h"
#include "restic/protocol/task_errors.h"
#include "staging/staging.h"
#include "state/files.h"
#include "state/identity.h"
#include "state/process_names.h"
#include "waiting/patience.h"

namespace agent {
namespace {
/// Beyond this, tokens and schedules begin to suffer.
constexpr auto kMaxSkew = std::chrono::seconds(60);

struct Check {
    std::string name;
    bool ok = false;
    std::string message;
    std::string hint;
};

class Report {
public:
    void good(std::string name, std::string message) {
        checks_.push_back({std::move(name), true, std::move(message), {}});
    }
    void bad(std::string name, std::string message, std::string hint) {
        checks_.push_back({std::move(name), false, std::move(message), std::move(hint)});
    }
    [[nodiscard]] bool ok() const {
        for (const auto& check : checks_)
            if (!check.ok)
                return false;
        return true;
    }
    void print(bool json) const {
        if (!json) {
            for (const auto& check : checks_) {
                fmt::print("{:<8} {:<10} {}\n", check.ok ? "ok" : "PROBLEM", check.name, check.message);
                if (!check.hint.empty())
                    fmt::print("{:<8} {:<10} {}\n", "", "", check.hint);
            }
            return;
        }
        core::json::Array list;
        for (const auto& check : checks_)
            list.push_back(core::json::Object{
                {"name", check.name}, {"ok", check.ok}, {"message", check.message}, {"hint", check.hint}});
        fmt::print("{}\n",
                   core::json::writePretty(core::json::Object{{"ok", ok()}, {"checks", std::move(list)}}));
    }

private:
    std::vector<Check> checks_;
};

/// The CA that this agent was given for its server's certificate.
void checkCa(Report& report, const std::string& file, const core::Clock& clock) {
    const auto read = core::readCertificates(file);
    if (!read) {
        report.bad("ca", read.error().what(), "Name the CA's certificate under orchestrator.ca_cert");
        return;
    }
    for (const auto& certificate : read.value())
        if (const auto problem = core::certificateProblem(certificate, clock.now())) {
            report.bad(
                "ca", file + ": " + certificate.subject + ": " + *problem,
                "Put the server's present CA there, before the server shows a certificate of a new one");
            return;
        }
    report.good("ca", file + ", until " + core::formatInstant(read.value().front().expiresAt));
}

void checkServer(Report& report, const ServerAddress& address, const Environment& environment,
                 const core::Clock& clock) {
    try {
        core::http::Client http(clientOptions(address, environment));
        const auto& url = address.url;
        core::http::ClientRequest request;
        request.path = "/health/live";
        const auto answer = http.send(request);
        if (!answer) {
            report.bad("server", answer.error().what(), std::string(answer.error().kind().recovery));
            return;
        }
        const auto status = answer.value().status;
        if (status >= 500) {
            report.bad("server", fmt::format("{} answers with status {}", url, status),
                       "Look at the server's log");
            return;
        }
        if (status == 401 || status == 403 || status == 407) {
            report.bad(
                "server",
                fmt::format("something at {} answers with status {} in the server's place", url, status),
                "Look for a proxy or a firewall between this machine and the server");
            return;
        }
        const auto said = core::json::parse(answer.value().body);
        if (!said || said.value().stringOr("status").empty()) {
            report.bad("server", url + " answers, but not as a server of this kind does",
                       "Correct the address, or look for a portal that asks for a sign-in before it lets "
                       "anybody through");
            return;
        }
        report.good("server", url + " answers");
        if (!isPrivate(address))
            report.bad(
                "transport",
                url + " is not encrypted: whoever is on the way can read the agent's token and the passwords "
                      "of repositories",
                "Use https://, by the server's own http.tls_… settings or by a proxy before it");
        if (!answer.value().date) {
            report.good("clock", "the server does not say its time");
            return;
        }
        const auto skew =
            std::chrono::duration_cast<std::chrono::seconds>(clock.now() - *answer.value().date);
        if (std::chrono::abs(skew) > kMaxSkew)
            report.bad("clock",
                       fmt::format("this machine's clock is {} s {} the server's", std::abs(skew.count()),
                                   skew.count() > 0 ? "ahead of" : "behind"),
                       "Synchronise the clocks (chrony or systemd-timesyncd)");
        else
            report.good("clock", fmt::format("within {} s of the server's", std::abs(skew.count())));
    } catch (const core::Error& error) {
        report.bad("server", error.what(), std::string(error.kind().recovery));
    }
}

/// What the configuration names and the night would miss. Says nothing where all is well.
void checkPaths(Report& report, const Config& config) {
    std::vector<std::string> paths;
    paths.reserve(config.backup.sources.size() + 1);
    for (const auto& source : config.backup.sources)
        paths.push_back(source.path);
    if (config.repository && config.repository->passwordFile.starts_with('/'))
        paths.push_back(config.repository->passwordFile);
    if (config.repository)
        for (const auto& [name, value] : config.repository->config.members())
            if (name.ends_with("_file") && value.string() != nullptr)
                paths.push_back(*value.string());
    for (const auto& path : paths) {
        const auto look = patiently([path] { return lookAt(path); }, std::chrono::seconds(5));
        if (!look)
            report.bad("paths", path + " does not answer", "Look at the file system that it is on");
        else if (look->error != 0)
            report.bad("paths", path + ": " + std::generic_category().message(look->error),
                       "Correct the path, or give the agent's user access");
        else if (look->link && (!config.repository || path != config.repository->passwordFile))
            report.bad("paths", path + " is a link to " + *look->link, "Name the path that it points to");
    }
}

/// Whether dumps can wait where the configuration says. Leaves nothing there.
void checkStaging(Report& report, const Config& config, const std::filesystem::path& state) {
    if (config.dumps.stagingDir.empty())
        return; // it is in the state folder
    const auto folder = stagingFolder(config, state);
    const auto hint =
        "Let dumps.staging_dir name a folder on a disk with room for dumps in which the agent's "
        "user can make a folder of its own";
    const auto look = patiently(
        [folder]() -> std::optional<std::string> {
            std::error_code code;
            std::vector<std::filesystem::path> made;
            for (auto path = folder; !std::filesystem::exists(path, code) && path.has_relative_path();
                 path = path.parent_path())
                made.push_back(path);
            std::optional<std::string> problem;
            try {
                Staging staging(folder, 0);
                const auto name = nameOfThisProcess();
                staging.take("doctor-" + name, name)->remove();
                if (const auto shortage = staging.lacksRoomFor(0))
                    problem = shortage->message;
            } catch (const core::Error& error) {
                problem = error.what();
            }
            for (const auto& path : made) // those that are not empty stay
                ::rmdir(path.c_str());
            return problem;
        },
        std::chrono::seconds(5));
    if (!look)
        report.bad("dumps", "the folder for dumps " + folder.string() + " does not answer",
                   "Look at the file system that it is on");
    else if (*look)
        report.bad("dumps", **look, hint);
    else
        report.good("dumps", "they can wait in " + folder.string());
}

/// What this restic can, and whether it can what the configuration asks of it.
void checkRestic(Report& report, const restic::cli::ResticVersion& version,
                 const std::vector<std::string>& missing, const Config& config) {
    auto text = "version " + version.toString();
    if (!version.hasExitCodes())
        text += " (0.17 and later tell failures apart more exactly)";
    if (!missing.empty())
        text += fmt::format(", built without {}", fmt::join(missing, ", "));
    report.good("restic", std::move(text));
    const auto* kind = config.repository ? restic::protocol::kindOfAddress(config.repository->url) : nullptr;
    const auto& allowed = config.restic.allowBackends;
    if (kind != nullptr && kind->byAgentsLeave &&
        std::find(allowed.begin(), allowed.end(), kind->name) == allowed.end())
        report.bad("restic", "repositories of the kind " + kind->name + " are not allowed on this machine",
                   "Add " + kind->name + " to restic.allow_backends");
    if (kind == nullptr || std::find(missing.begin(), missing.end(), kind->name) == missing.end())
        return;
    const auto& unsupported = restic::protocol::task_errors::kBackendUnsupported;
    report.bad("restic", fmt::format("{}: {}", unsupported.meaning, kind->name),
               std::string(unsupported.recovery));
}
/// Which plugins are switched on, whether their settings can be used, and what the machine forbids. Looks at
/// no server: `plugin test` does.
void checkPlugins(Report& report, const CommonOptions& common, const Config& config,
                  core::ProcessRunner& runner) {
    LocalPolicy policy;
    try {
        policy = readLocalPolicy(config.agent.localPolicy);
        if (policy.forbidsAnything())
            report.good("policy", config.agent.localPolicy + " forbids some things on this machine");
    } catch (const core::Error& error) {
        report.bad("policy", error.what(), "Correct the file; the agent does not start with it");
    }
    const Plugins plugins(config, common.stateDir / "plugins", runner, common.environment, policy);
    const auto installed = plugins.installed();
    for (const auto& refused : installed.refused)
        report.bad("plugin", refused.name + " was refused: " + refused.why, "Install it anew");
    for (const auto& plugin : installed.plugins)
        try {
            const auto setup = plugins.settings().of(plugin.name);
            for (const auto& [name, settings] : setup.sets)
                if (setup.enabled)
                    if (const auto usable = plugins.settings().resolve(plugin, name); !usable)
                        report.bad("plugin", usable.error().what(),
                                   "Correct them, then restic-agent plugin test " + plugin.name);
        } catch (const core::Error& error) {
            report.bad("plugin", error.what(), std::string(error.kind().recovery));
        }
    for (const auto& [name, settings] : config.plugins)
        if (installed.find(name) == nullptr)
            report.bad("plugin", installed.whyNot(name) + ", and the configuration sets it up",
                       "Install it in " + plugins.folder().string() + ", or take it out");
}
} // namespace

ExitCode doctorCommand(const CommonOptions& common, core::ProcessRunner& runner, const core::Clock& clock) {
    Report report;
    Config config;
    try {
        config = loadConfig(common.configFile, common.configRequired, common.environment);
        std::error_code code;
        report.good("config", std::filesystem::exists(common.configFile, code)
                                  ? common.configFile.string() + " is valid"
                                  : "no file; defaults and environment are used");
    } catch (const core::Error& error) {
        report.bad("config", error.what(), std::string(error.kind().recovery));
    }
    std::optional<Identity> identity;
    try {
        const StateDir state(common.stateDir);
        const auto probe = state.path() / "doctor";
        writeFileDurably(probe, "x");
        std::filesystem::remove(probe);
        if (const auto problem = state.lacksRoom())
            report.bad("state", *problem, "Free space on that disk");
        else
            report.good("state", common.stateDir.string() + " is writable");
        identity = loadIdentity(state.identity());
        if (!identity)
            report.bad("identity", "this agent is not enrolled",
                       "Run `restic-agent enroll --server URL --token TOKEN`");
        else if (identity->expiresAt <= clock.now())
            report.bad("identity", "the agent's token expired at " + core::formatInstant(identity->expiresAt),
                       "Run `restic-agent enroll` again");
        else if (config.agent.bindToMachine && isFromAnotherMachine(*identity, marksOfThisMachine()))
            report.bad("identity", "the state folder is a copy of another machine's", kClonedSentence);
        else
            report.good("identity", "enrolled as " + identity->hostname + ", token valid until " +
                                        core::formatInstant(identity->expiresAt));
    } catch (const core::Error& error) {
        report.bad("state", error.what(), std::string(error.kind().recovery));
    }
    const auto server = serverAddress(config, identity);
    if (server.url.empty())
        report.bad("server", "no server is known", "Enrol the agent, or set orchestrator.url");
    else
        checkServer(report, server, common.environment, clock);

    if (!server.caCert.empty())
        checkCa(report, server.caCert, clock);

    const restic::cli::ResticCommands commands(config.restic, common.stateDir / "cache", common.environment);
    restic::cli::ResticProbe restic(runner, commands);
    if (const auto version = restic.version()) {
        checkRestic(report, *version, restic.missingKinds(), config);
    } else {
        report.bad("restic", restic.problem(), "Install restic, or name it under restic.binary");
    }
    checkPaths(report, config);
    checkStaging(report, config, common.stateDir);
    checkPlugins(report, common, config, runner);
    report.print(common.json);
    return report.ok() ? ExitCode::success : ExitCode::failure;
}

} // namespace agent
