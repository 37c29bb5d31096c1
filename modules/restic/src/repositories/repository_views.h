#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/http/route.h"
#include "core/wire.h"
#include "repositories/repository_service.h"

/// What people's API takes and answers of repositories: declared here once.
namespace restic {

struct RepositoryInput {
    std::string name;
    std::string type;
    std::optional<std::string> url;
    std::optional<core::json::Object> config;
    std::optional<core::Uuid> agentId;
    std::optional<std::string> password;
    std::optional<std::string> passwordFile;
    std::optional<std::string> certFile;
    std::map<std::string, std::string> environmentVars;
    std::optional<MaintenanceSpec> maintenance;
    std::optional<core::Uuid> maintenanceAgentId;
    std::optional<bool> appendOnly;
};

/// The last task of one kind that cared for a repository.
struct MaintenanceView {
    std::string kind;
    core::Uuid taskId;
    core::Uuid agentId;
    std::string status;
    std::optional<std::string> message;
    core::json::Value result;
    core::Instant endedAt;
};

/// One that waits or runs.
struct OpenTaskView {
    core::Uuid id;
    std::string type;
    std::string status;
    core::Uuid agentId;
};

/// Of each operation by schedule, one value.
struct NextRunsView {
    std::optional<core::Instant> forget, prune, check, stats, verify;
};
struct ScheduleProblemsView {
    std::optional<std::string> forget, prune, check, stats, verify;
};

struct MaintenancePlanView {
    std::string forgetSchedule;
    std::string pruneSchedule;
    std::string checkSchedule;
    std::string statsSchedule;
    std::string verifySchedule;
    std::string timezone;
    std::string checkSubset;
    NextRunsView nextRuns;
    ScheduleProblemsView problems;
    /// By kind, of those that have run.
    std::vector<MaintenanceView> last;
};

/// Where the answers about repositories say an operation's schedule.
struct ShownOperation {
    const char* name;
    std::string MaintenancePlanView::*schedule;
    std::optional<core::Instant> NextRunsView::*nextRun;
    std::optional<std::string> ScheduleProblemsView::*problem;
};
inline constexpr ShownOperation kShownOperations[] = {
    {MaintenancePlan::kForget, &MaintenancePlanView::forgetSchedule, &NextRunsView::forget,
     &ScheduleProblemsView::forget},
    {MaintenancePlan::kPrune, &MaintenancePlanView::pruneSchedule, &NextRunsView::prune,
     &ScheduleProblemsView::prune},
    {MaintenancePlan::kCheck, &MaintenancePlanView::checkSchedule, &NextRunsView::check,
     &ScheduleProblemsView::check},
    {MaintenancePlan::kStats, &MaintenancePlanView::statsSchedule, &NextRunsView::stats,
     &ScheduleProblemsView::stats},
    {MaintenancePlan::kVerify, &MaintenancePlanView::verifySchedule, &NextRunsView::verify,
     &ScheduleProblemsView::verify}};

/// Damage that a check found and that none has disproved.
struct DamageView {
    core::Uuid taskId;
    std::string error;
    std::string message;
    std::string reads;
    core::Instant foundAt;
};

struct RepositoryView {
    core::Uuid id;
    std::string name;
    std::string type;
    std::string url;
    core::json::Value config;
    std::vector<std::string> secretFields;
    std::optional<core::Uuid> agentId;
    bool passwordSet = false;
    std::optional<std::string> passwordFile;
    std::optional<std::string> certFile;
    std::map<std::string, std::string> environmentVars;
    std::optional<core::Instant> firstSuccessAt;
    MaintenancePlanView maintenance;
    std::optional<core::Uuid> maintenanceAgentId;
    bool appendOnly = false;
    std::optional<DamageView> damage;
    std::vector<OpenTaskView> openTasks;
    core::Instant createdAt;
    core::Instant updatedAt;
};

struct StartAnewInput {
    std::optional<core::Uuid> agentId;
};

const core::wire::Type& wireType(const MaintenanceSpec*);
const core::wire::Type& wireType(const NextRunsView*);
const core::wire::Type& wireType(const ScheduleProblemsView*);
const core::wire::Type& wireType(const MaintenancePlanView*);
const core::wire::Type& wireType(const RepositoryInput*);
const core::wire::Type& wireType(const StartAnewInput*);
const core::wire::Type& wireType(const MaintenanceView*);
const core::wire::Type& wireType(const OpenTaskView*);
const core::wire::Type& wireType(const DamageView*);
const core::wire::Type& wireType(const RepositoryView*);

/// What creating and changing a repository needs, in whichever request it is done.
core::http::Permission repositoriesWrite();
/// Throws core::Error(kValidation) for an environment that no repository may have.
RepositorySpec specOf(const RepositoryInput& input);

} // namespace restic
