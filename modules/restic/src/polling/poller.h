#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "core/db/database.h"
#include "core/event/bus.h"
#include "core/log.h"
#include "core/process.h"
#include "core/time.h"
#include "core/work_queue.h"
#include "polling/direct_access.h"
#include "polling/probe_kind.h"
#include "repositories/task_repositories.h"
#include "restic/cli/command.h"
#include "restic/cli/probe.h"

namespace restic {

/// How a target is, in a few words.
struct TargetHealth {
    std::string name;
    bool healthy = false;
    std::optional<std::string> error;
    std::optional<std::string> message;
    std::optional<std::int64_t> snapshotAgeHours;
};

/// Looks at repositories that no agent watches. What is due is in the database, where each look is taken by
/// one host; what it finds, and that it found nothing, is written when it ends. It never writes to a
/// repository. Thread-safe.
class Poller {
public:
    /// How a target is with what the transaction has written; nullopt: it is gone.
    using HealthOf =
        std::function<std::optional<TargetHealth>(core::db::Transaction& tx, const core::Uuid& target)>;
    struct Services {
        core::db::Database& database;
        const core::Clock& clock;
        core::event::Bus& events;
        core::ServiceHandle<base::SecretVault> vault;
        core::ProcessRunner& processes;
        HealthOf healthOf;
        core::Logger log;
    };

    /// `folder` takes restic's cache, and its outputs while they are read. `environment` is the host's own,
    /// of which restic gets what passedOnVariables() names.
    Poller(Services services, MonitorSettings settings, std::filesystem::path folder,
           const std::map<std::string, std::string>& environment);

    /// Before the first look: makes its folders, and removes what a host that was killed has left behind.
    void prepare();

    /// Before submitDue(), once: where the work is done. `ended` is called after each look.
    void setQueues(core::WorkQueue& light, core::WorkQueue& heavy, std::function<void()> ended);
    /// Gives what is due to the queues, as much as they have room for. Of several workers one stays free of
    /// each tenant: a hundred repositories that hang are not in the way of others'.
    void submitDue();
    /// One look, in the calling thread; nothing if it is not due, or another host's.
    void look(const core::Uuid& tenant, const core::Uuid& target, const ProbeKind& kind,
              const std::stop_token& stop);
    /// Why this machine may not look at a repository, before a target is saved.
    [[nodiscard]] std::optional<std::string> refusal(core::db::Transaction& tx,
                                                     const Repository& repository) const;

    struct Files {
        std::vector<std::string> paths;
        bool truncated = false;
    };
    /// What a snapshot of a repository holds, in the calling thread; or why this machine cannot say it. One
    /// of a tenant and kMostListings in all at once; further ones are refused with kUnavailable.
    std::variant<Files, protocol::TaskError> listFiles(const core::Uuid& tenant,
                                                       const protocol::TaskRepository& repository,
                                                       const std::string& snapshotId, std::size_t most);
    [[nodiscard]] const TaskRepositories& repositories() const noexcept { return repositories_; }

private:
    static constexpr std::size_t kMostListings = 4;

    /// What a look begins with; nullopt: there is nothing to look at any more.
    struct Begun {
        Repository repository;
        protocol::TaskRepository payload;
        std::vector<Probe> before;
    };
    std::optional<Begun> begin(core::db::Transaction& tx, const core::Uuid& target) const;
    ProbeFindings find(const core::Uuid& tenant, const core::Uuid& target, const ProbeKind& kind, Begun begun,
                       core::Instant now, std::chrono::steady_clock::time_point deadline,
                       const std::stop_token& stop);
    class Listing;
    /// With what holds for whatever a tenant has made.
    [[nodiscard]] cli::RepositoryAccess confined(cli::RepositoryAccess access,
                                                 const core::Uuid& tenant) const;
    [[nodiscard]] bool hasRoomForCache() const;
    void conclude(const core::Uuid& tenant, const core::Uuid& target, const ProbeKind& kind,
                  const core::Uuid& claim, ProbeFindings findings, core::Instant began);
    /// One of the two queues, with whose looks are in it.
    struct Lane {
        core::WorkQueue* queue = nullptr;
        bool heavy = false;
        std::map<core::Uuid, std::size_t> ofTenants = {};
    };
    void submit(Lane& lane);
    void ended(Lane& lane, const core::Uuid& tenant);
    /// About that long after now: not all at once.
    core::Instant around(core::Instant now, core::milliseconds interval);

    Services services_;
    MonitorSettings settings_;
    DirectAccess access_;
    TaskRepositories repositories_;
    std::filesystem::path outputs_;
    cli::ResticCommands commands_;
    cli::ResticProbe restic_;
    cli::WorkRunner runner_;
    Lane light_{nullptr, false};
    Lane heavy_{nullptr, true};
    std::function<void()> ended_;
    std::set<core::Uuid> listings_; ///< whose files are listed
    std::mutex mutex_;
    std::minstd_rand random_;
};

} // namespace restic
