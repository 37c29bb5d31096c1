#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "restic/cli/program.h"

namespace agent {

namespace errors {
inline constexpr core::ErrorKind kConfig{"ConfigurationError", 500, "The configuration cannot be used",
                                         "Correct the line that the message names"};
} // namespace errors

/// The agent's configuration: defaults, then the YAML file, then the environment. Read once, then immutable.
struct Config {
    struct Orchestrator {
        std::string url;
        /// A registration token: the first `run` enrols with it.
        std::string token;
        std::string caCert;
    } orchestrator;

    struct Agent {
        /// A name for people; the identity comes from enrolment.
        std::string id;
        std::string hostname;
        /// Between polls where the server does not hold a poll open.
        std::chrono::milliseconds pollInterval{60000};
        std::chrono::milliseconds longPollTimeout{30000};
        /// Until the server names another.
        std::chrono::milliseconds heartbeatInterval{30000};
        std::chrono::milliseconds heartbeatTimeout{10000};
        std::int64_t heartbeatRetryAttempts = 3;
        std::chrono::milliseconds retryBackoff{5000};
        std::chrono::milliseconds retryMaxBackoff{300000};
        /// Failures in a row before the log calls it an error.
        std::int64_t failureThreshold = 5;
        std::int64_t maxConcurrentTasks = 2;
        /// Refuse to run on another machine than the enrolled one: two with one identity report over each
        /// other.
        bool bindToMachine = true;
        /// The folder of dump plugins; empty: `../lib/restic-agent/plugins` of the program.
        std::string pluginPath;
        /// What this machine's admin forbids, whatever the server says (local_policy.h); need not exist.
        std::string localPolicy = "/etc/restic-agent/local-policy.yaml";
        core::LogLevel logLevel = core::LogLevel::info;
        core::LogFormat logFormat = core::LogFormat::json;
    } agent;

    struct Restic : restic::cli::ResticProgram {
        /// Where relative password files are looked up.
        std::string configDir;
        /// KiB/s for every backup; 0: no limit.
        std::int64_t limitUploadKib = 0;
        /// For tasks that name none.
        std::chrono::milliseconds commandTimeout{21600000};
        /// How long restic may take to end and to remove its lock after an interrupt: on a slow link it first
        /// finishes the packs it is sending.
        std::chrono::milliseconds interruptGrace{30000};
        /// How often log lines go to the server.
        std::chrono::milliseconds streamInterval{5000};
        /// Kinds of repositories beyond local, sftp, s3, rest, azure, gcs.
        std::vector<std::string> allowBackends;
    } restic;

    struct Dumps {
        /// How long a dump, or a restore of one, may stand still.
        std::chrono::milliseconds stallTimeout{900000};
        /// How long a plugin may look at its server.
        std::chrono::milliseconds probeTimeout{120000};
        /// How long a plugin may put right what it left behind.
        std::chrono::milliseconds cleanupTimeout{300000};
        /// Bytes that a plugin itself may use, without the programs that it runs.
        std::int64_t pluginMemory = 1LL << 30;
        /// Where dumps wait that restic saves as files; empty: `staging` in the state folder.
        std::string stagingDir;
        /// Bytes that they may take together there; 0: what the disk has.
        std::int64_t maxDiskUsage = 0;
    } dumps;

    /// Of restore tests of files.
    struct RestoreTest {
        /// Where they restore to; empty: `restore-tests` in the state folder.
        std::string scratchDir;
        /// What one test restores at most.
        std::int64_t maxFiles = 100000;
        std::int64_t maxSize = 10LL << 30;
    } restoreTest;

    struct Hooks {
        /// The only programs that a policy can name, each by the name of its file.
        std::string dir = "/etc/restic-agent/hooks";
        /// How long one of them may run.
        std::chrono::milliseconds timeout{600000};
    } hooks;

    struct Source {
        std::string path;
        std::string policy;
    };
    struct Backup {
        std::vector<Source> sources;
        std::vector<std::string> exclude;
    } backup;

    /// Serves tasks that name no repository.
    struct Repository {
        std::string url;
        /// Fields of its kind; secrets as files only.
        core::json::Object config;
        std::string passwordFile;
        std::string certFile;
    };
    std::optional<Repository> repository;

    /// Settings of dump plugins, as given: each plugin's schema judges them.
    std::map<std::string, core::json::Object> plugins;
};

/// One key of the file. Lists and the parts of sources, repository and plugins have no variable.
struct Setting {
    std::string key;
    std::string environment;
    std::string standard; ///< its default, as the file would have it; empty: none
};
[[nodiscard]] std::vector<Setting> settings();

/// An environment, as a lookup: tests bring their own.
using Environment = std::map<std::string, std::string>;
[[nodiscard]] Environment currentEnvironment();

/// Reads and validates. A missing file counts as empty unless `required`. Throws errors::kConfig whose
/// message names file, line and key, and never a value that may be secret.
[[nodiscard]] Config loadConfig(const std::filesystem::path& file, bool required,
                                const Environment& environment);
/// The same for a text; `name` stands for the file in messages.
[[nodiscard]] Config parseConfig(const std::string& text, const std::string& name,
                                 const Environment& environment);

} // namespace agent
