#pragma once

#include <vector>

#include "core/http/route.h"
#include "policies/retention_confirmation.h"
#include "repositories/new_passwords.h"
#include "repositories/repository_service.h"
#include "repositories/unsaved_repositories.h"
#include "tasks/agent_waker.h"
#include "tasks/task_service.h"

namespace restic {

/// What the routes of tasks work with; lives as long as the module.
struct TaskRoutes {
    core::db::Database& database;
    const core::Clock& clock;
    RepositoryService& repositories;
    UnsavedRepositories& unsaved;
    NewPasswords& passwords;
    TaskService& tasks;
    AgentWaker& waker;
    const RetentionConfirmation& confirmation;

    /// For people: tasks and their logs.
    void addTo(std::vector<core::http::Route>& routes) const;
    /// For people: the test of a repository that nobody saved.
    void addUnsavedTestTo(std::vector<core::http::Route>& routes) const;
    /// For people: another password for a repository.
    void addPasswordChangeTo(std::vector<core::http::Route>& routes) const;
    /// For people: the runs of backups.
    void addRunsTo(std::vector<core::http::Route>& routes) const;
    /// For agents and people: items of results.
    void addResultsTo(std::vector<core::http::Route>& routes) const;
    /// For people: what is in snapshots.
    void addLooksTo(std::vector<core::http::Route>& routes) const;
    /// For agents: the long poll, reports, lines of logs.
    void addAgentsTo(std::vector<core::http::Route>& routes) const;
};

} // namespace restic
