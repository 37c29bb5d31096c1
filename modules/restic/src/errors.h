#pragma once

#include <array>

#include "core/error.h"

/// What the restic module's API can answer besides core's errors: each declared once.
namespace restic::errors {

using core::ErrorKind;

inline constexpr ErrorKind kAgentNotFound{"AgentNotFound", 404, "No such agent", "Check the agent's id"};
inline constexpr ErrorKind kAgentOffline{"AgentOffline", 503, "The agent is not connected",
                                         "Start the agent, or choose one that is online"};
inline constexpr ErrorKind kAgentAlreadyExists{"AgentAlreadyExists", 409,
                                               "This host name is already registered",
                                               "Use another host name, or revoke the old agent first"};
inline constexpr ErrorKind kAgentIsPlaceholder{
    "AgentIsPlaceholder", 409, "The agent was imported and none runs there yet",
    "Enrol restic-agent on that machine with this host name; it takes the placeholder's place"};
inline constexpr ErrorKind kInvalidRegistrationToken{"InvalidRegistrationToken", 401,
                                                     "The registration token is invalid, spent or expired",
                                                     "Create a new registration token"};
inline constexpr ErrorKind kRegistrationTokenNotFound{"RegistrationTokenNotFound", 404,
                                                      "No such registration token that still works",
                                                      "List the tokens that do"};
inline constexpr ErrorKind kTokenExpired{"TokenExpired", 401, "The agent's token has expired",
                                         "Enrol the agent again: restic-agent enroll"};
inline constexpr ErrorKind kTokenRevoked{"TokenRevoked", 401, "The agent was revoked",
                                         "Enrol the agent again: restic-agent enroll"};
inline constexpr ErrorKind kPolicyNotFound{"PolicyNotFound", 404, "No such policy", "Check the policy's id"};
inline constexpr ErrorKind kPolicyNotLinked{"PolicyNotLinked", 409, "The policy is not linked to this agent",
                                            "Link the agent to the policy first, or name another agent"};
inline constexpr ErrorKind kPolicyInUse{"PolicyInUse", 409, "The policy is still used",
                                        "Unlink its agents and wait for its tasks first"};
inline constexpr ErrorKind kPolicyExists{"PolicyAlreadyExists", 409, "A policy of this name exists",
                                         "Choose another name"};
inline constexpr ErrorKind kInvalidCron{"InvalidCronExpression", 400, "The schedule is no cron expression",
                                        "Write five fields: minute hour day month weekday"};
inline constexpr ErrorKind kRetentionConflict{"RetentionConflict", 400, "The retention rules keep nothing",
                                              "Give at least one count above zero and none below"};
inline constexpr ErrorKind kRetentionNotConfirmed{
    "RetentionNotConfirmed", 409, "The new retention keeps less, and nobody has confirmed it",
    "Start a preview_forget with this retention for each of the policy's agents and name the tasks in "
    "retention_previews; or say confirm_removal: true"};
inline constexpr ErrorKind kRepositoryNotFound{"RepositoryNotFound", 404, "No such repository",
                                               "Check the repository's id"};
inline constexpr ErrorKind kRepositoryInUse{"RepositoryInUse", 409, "The repository is still used",
                                            "Point its policies and targets elsewhere first"};
inline constexpr ErrorKind kRepositoryExists{"RepositoryAlreadyExists", 409,
                                             "A repository of this name exists", "Choose another name"};
inline constexpr ErrorKind kRepositoryUnreachable{
    "RepositoryUnreachable", 409, "The repository is on a disk that this agent does not reach",
    "Choose a repository that all agents of the policy reach, or one policy for each machine"};
inline constexpr ErrorKind kRepositoryAppendOnly{
    "RepositoryAppendOnly", 409, "Agents may only add to this repository",
    "Name no agent, or the repository's maintenance agent; set one if it has none"};
inline constexpr ErrorKind kPasswordElsewhere{"PasswordElsewhere", 409,
                                              "The repository's password cannot be changed from here",
                                              "Change it where the message says, then tell this server"};
inline constexpr ErrorKind kPasswordChanging{"PasswordChanging", 409,
                                             "The repository's password is being changed",
                                             "Wait until that has ended, or cancel its task"};
inline constexpr ErrorKind kRepositoryMissing{
    "RepositoryMissing", 409, "Nothing says where to back up to",
    "Give the policy a repository, or name one in the agent's configuration"};
inline constexpr ErrorKind kPluginNotAvailable{
    "PluginNotAvailable", 409, "The agent does not have this plugin",
    "Install the plugin on the machine, or take it out of the policy"};
inline constexpr ErrorKind kPluginNotFound{"PluginNotFound", 404, "The agent has no such plugin",
                                           "Install it on the machine; the agent tells of it by itself"};
inline constexpr ErrorKind kPluginSetOnMachine{
    "PluginSetOnMachine", 409, "The plugin's settings stand in the agent's configuration file",
    "Change them there, or take them out of the file"};
inline constexpr ErrorKind kNotADump{"NotADump", 409, "The snapshot is not the dump of a database",
                                     "Choose a snapshot that a dump plugin made"};
inline constexpr ErrorKind kIsADump{"IsADump", 409, "The snapshot is the dump of a database and no files",
                                    "Restore its database, without paths and target"};
inline constexpr ErrorKind kSnapshotPinned{"SnapshotPinned", 409, "The snapshot is pinned, so it is kept",
                                           "Remove its tag pinned first"};
inline constexpr ErrorKind kDirectPollForbidden{
    "DirectPollForbidden", 403, "This server may not look at the repository itself",
    "Ask the server's operator for the setting that the message names, or let an agent watch the repository"};
inline constexpr ErrorKind kTargetExists{"TargetAlreadyExists", 409, "A target of this name exists",
                                         "Choose another name"};
inline constexpr ErrorKind kTargetOfAgent{"TargetOfAgent", 409, "The target follows an agent's policy",
                                          "Unlink the agent from the policy instead"};
inline constexpr ErrorKind kTaskNotFound{"TaskNotFound", 404, "No such task", "Check the task's id"};
inline constexpr ErrorKind kRunNotFound{"BackupRunNotFound", 404, "No such backup run", "Check the run's id"};
inline constexpr ErrorKind kTargetNotFound{"TargetNotFound", 404, "No such target",
                                           "Check the target's name"};
inline constexpr ErrorKind kSnapshotNotFound{"SnapshotNotFound", 404, "No such snapshot",
                                             "Check the snapshot's id"};
inline constexpr ErrorKind kTaskAlreadyFinished{"TaskAlreadyFinished", 409, "The task has ended",
                                                "Nothing is left to do for it"};
inline constexpr ErrorKind kStaleAttempt{"StaleAttempt", 409,
                                         "The report is of an older attempt of this task",
                                         "Stop this attempt and drop its reports"};
inline constexpr ErrorKind kResultIncomplete{"ResultIncomplete", 409,
                                             "The host does not hold the items that the report names",
                                             "Send the items from the first one, then the report again"};
inline constexpr ErrorKind kResultTooLarge{"ResultTooLarge", 413,
                                           "The task's result is larger than the host takes",
                                           "Ask for less, or raise restic.tasks.result_mib on the host"};
inline constexpr ErrorKind kInvalidParameters{"InvalidParameters", 400, "The task's parameters are not valid",
                                              "Correct what the message names"};
/// Of a target and not of a call: no answer has it.
inline constexpr ErrorKind kSnapshotTooOld{"SnapshotTooOld", 503, "The last snapshot is too old",
                                           "Start a backup, and look why its schedule did not"};
/// The same: somebody looked, and there is none.
inline constexpr ErrorKind kNoSnapshots{
    "NoSnapshots", 503, "The repository has no snapshot",
    "Look why nothing was saved there, or whether this is the right repository"};
inline constexpr ErrorKind kFilesNotReachable{"FilesNotReachable", 409,
                                              "This server cannot list the files of the snapshot",
                                              "List them where the repository can be reached: restic ls"};
/// Of a tenant's evaluation: the log has it.
inline constexpr ErrorKind kComplianceCheckFailed{"ComplianceCheckFailed", 500,
                                                  "It cannot be told whether policies are kept",
                                                  "Check the database; the next evaluation tries again"};
inline constexpr ErrorKind kPolicyAssigned{
    "PolicyAssigned", 409, "The policy assigns itself to the agent",
    "Change the agent's tags or the policy's assignment; the link ends by itself then"};
/// No answer either: why a target's backup is not there.
inline constexpr ErrorKind kSchedulingFailed{"SchedulingFailed", 500, "A scheduled backup was not started",
                                             "Mend what is named; the next backup comes by its schedule"};
inline constexpr std::array kAll{&kAgentNotFound,        &kAgentAlreadyExists,    &kInvalidRegistrationToken,
                                 &kTokenExpired,         &kTokenRevoked,          &kPolicyNotFound,
                                 &kPolicyInUse,          &kPolicyExists,          &kInvalidCron,
                                 &kRetentionConflict,    &kRepositoryNotFound,    &kRepositoryInUse,
                                 &kRepositoryExists,     &kTaskNotFound,          &kRunNotFound,
                                 &kTargetNotFound,       &kSnapshotNotFound,      &kTaskAlreadyFinished,
                                 &kStaleAttempt,         &kInvalidParameters,     &kRepositoryUnreachable,
                                 &kRepositoryMissing,    &kPluginNotAvailable,    &kRegistrationTokenNotFound,
                                 &kPolicyNotLinked,      &kResultIncomplete,      &kResultTooLarge,
                                 &kRepositoryAppendOnly, &kPasswordElsewhere,     &kPasswordChanging,
                                 &kPluginNotFound,       &kPluginSetOnMachine,    &kNotADump,
                                 &kDirectPollForbidden,  &kTargetExists,          &kTargetOfAgent,
                                 &kFilesNotReachable,    &kComplianceCheckFailed, &kRetentionNotConfirmed,
                                 &kSchedulingFailed,     &kPolicyAssigned,        &kIsADump,
                                 &kSnapshotPinned};

} // namespace restic::errors
