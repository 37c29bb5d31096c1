#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "core/db/database.h"
#include "core/event/bus.h"
#include "core/json.h"
#include "core/time.h"
#include "polling/monitor_settings.h"
#include "polling/probe_store.h"
#include "repositories/repository_store.h"
#include "restic/cli/repository_access.h"
#include "restic/cli/work_runner.h"

namespace restic {

/// What a look has to work with.
struct ProbeContext {
    core::db::Database& database;
    core::event::Bus& events;
    const cli::WorkRunner& restic;
    const cli::ResticCommands& commands;
    core::ProcessRunner& processes;
    const MonitorSettings& settings;
    core::TenantContext tenant;
    core::Uuid target;
    Repository repository;
    cli::RepositoryAccess access;
    /// How it was before.
    std::vector<Probe> before;
    core::Instant now;
    /// Of the whole look, whatever it is made of.
    std::chrono::steady_clock::time_point deadline;
    const std::stop_token& stop;

    /// Until the deadline; at least a moment, so that what began late says why it failed.
    [[nodiscard]] core::milliseconds remaining() const;

    [[nodiscard]] const Probe* earlier(std::string_view kind) const;
};

/// What a look found.
struct ProbeFindings {
    /// Why nothing was seen; then all that was known stays.
    std::optional<protocol::TaskError> error = {};
    core::json::Object found = {};
    /// Written together with the look's end.
    std::function<void(core::db::Transaction& tx)> record = {};
};

/// One kind of look, declared once.
struct ProbeKind {
    std::string_view name;
    core::milliseconds MonitorSettings::*interval;
    core::milliseconds MonitorSettings::*timeout;
    bool heavy; ///< reads much of the repository: few at once
    ProbeFindings (*look)(const ProbeContext& context);
};

/// All of them, each in a file of its own.
const std::vector<ProbeKind>& probeKinds();
const ProbeKind* findProbeKind(std::string_view name) noexcept;

ProbeFindings lookAtSnapshots(const ProbeContext& context);
ProbeFindings lookAtSize(const ProbeContext& context);
ProbeFindings checkStructure(const ProbeContext& context);

} // namespace restic
