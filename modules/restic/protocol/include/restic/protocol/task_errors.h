#pragma once

#include <array>
#include <string>
#include <string_view>

#include "restic/protocol/failure_kind.h"
#include "restic/protocol/task_messages.h"

/// Why a task can fail: the names that agents report in TaskError and that pages explain, each with whether a
/// second try can mend it. The HTTP status is that of the request which learns it directly, where there is
/// one.
namespace restic::protocol::task_errors {

inline constexpr FailureKind kResticNotFound{
    {"ResticNotFound", 503, "restic is not installed on the machine",
     "Install restic on the machine, or name it in the agent's configuration under restic.binary"},
    Remedy::change};
inline constexpr FailureKind kSourceNotFound{{"SourceNotFound", 404, "None of the paths to back up exists",
                                              "Correct the policy's include paths, or mount what is missing"},
                                             Remedy::change};
inline constexpr FailureKind kRepositoryNotFound{
    {"RepositoryNotFound", 404, "There is no repository at this place",
     "Check the repository's address and that its disk is mounted; a repository that once worked is never "
     "created again by itself"},
    Remedy::change};
inline constexpr FailureKind kBucketNotFound{
    {"BucketNotFound", 404, "The storage has no bucket or container of this name",
     "Create the bucket, or correct its name in the repository's address"},
    Remedy::change};
inline constexpr FailureKind kRepositoryLocked{
    {"RepositoryLocked", 409, "The repository is locked by another process",
     "Wait until the holder is done; if it died, run an unlock task, half an hour later at most"},
    Remedy::retry};
inline constexpr FailureKind kAuthenticationFailed{{"AuthenticationFailed", 401,
                                                    "The repository's password is wrong",
                                                    "Correct the repository's password or password file"},
                                                   Remedy::change};
inline constexpr FailureKind kInvalidCredentials{
    {"InvalidCredentials", 401, "The storage refused the credentials", "Correct the storage's keys or user"},
    Remedy::change};
inline constexpr FailureKind kSSHKeyInvalid{
    {"SSHKeyInvalid", 401, "The storage refused the SSH key, or the key cannot be used",
     "Put the machine's public key on the storage, or correct the repository's key_file and its mode"},
    Remedy::change};
inline constexpr FailureKind kCertificateError{{"CertificateError", 502,
                                                "The storage's certificate is not trusted",
                                                "Name the CA certificate as the repository's cert_file"},
                                               Remedy::change};
inline constexpr FailureKind kNetworkError{
    {"NetworkError", 503, "The storage cannot be reached",
     "Check the network, name resolution and firewall between agent and storage"},
    Remedy::retry};
inline constexpr FailureKind kNetworkUnreachable{
    {"NetworkUnreachable", 503, "There is no way to the storage's network",
     "Check network, routes and firewall of the machine that works with the repository"},
    Remedy::retry};
inline constexpr FailureKind kNetworkTimeout{
    {"NetworkTimeout", 504, "The storage did not answer in time",
     "Check the network between agent and storage, and how busy the storage is"},
    Remedy::retry};
inline constexpr FailureKind kBackendUnavailable{
    {"BackendUnavailable", 503, "The storage does not take connections or says that it is not available",
     "Look whether the storage's service runs, and at its own status"},
    Remedy::retry};
inline constexpr FailureKind kBackendUnsupported{
    {"BackendUnsupported", 501, "The restic there was built without this kind of storage",
     "Install a restic that has it, such as the project's own release, and name it in the agent's "
     "configuration under restic.binary"},
    Remedy::change};
inline constexpr FailureKind kOutOfDiskSpace{
    {"OutOfDiskSpace", 507, "A disk is full",
     "Free space on the repository's disk or on the agent's cache disk"},
    Remedy::change};
inline constexpr FailureKind kQuotaExceeded{{"QuotaExceeded", 507, "The storage's quota is used up",
                                             "Raise the quota, or forget snapshots and prune"},
                                            Remedy::change};
inline constexpr FailureKind kOutOfMemory{{"OutOfMemory", 507, "restic ran out of memory",
                                           "Give the machine or the agent's service more memory, or prune "
                                           "the repository so that its index becomes smaller"},
                                          Remedy::change};
inline constexpr FailureKind kPermissionDenied{{"PermissionDenied", 403,
                                                "The user that restic runs as may not read or write a file",
                                                "Give the agent's user access, or run the agent as root"},
                                               Remedy::change};
inline constexpr FailureKind kCommandTimeout{{"CommandTimeout", 504,
                                              "The task took longer than its policy allows",
                                              "Raise the policy's timeout, or find out what made it slow"},
                                             Remedy::change};
inline constexpr FailureKind kRepositoryCorrupted{
    {"RepositoryCorrupted", 500, "restic found damage in the repository",
     "Do not prune. Follow restic's advice in the task's log, such as rebuild-index or repair, and fetch "
     "what is lost from another copy"},
    Remedy::change};
inline constexpr FailureKind kCommandFailed{
    {"CommandFailed", 500, "restic failed", "Read the task's log; its last lines are restic's own words"},
    Remedy::retry};
inline constexpr FailureKind kInterrupted{
    {"Interrupted", 500, "restic ended without a result",
     "Look for a reboot or for the kernel's out-of-memory killer at that time; the next run starts anew"},
    Remedy::retry};
inline constexpr FailureKind kUnsupportedTask{
    {"UnsupportedTask", 501, "This agent does not know this kind of task", "Upgrade the agent"},
    Remedy::change};
inline constexpr FailureKind kInvalidTask{{"InvalidTask", 400, "The task's parameters cannot be used",
                                           "Correct what the message names in the policy or the request"},
                                          Remedy::change};
inline constexpr FailureKind kTaskTimeout{{"TaskTimeout", 504,
                                           "The agent was not heard of for longer than the task may take",
                                           "Look at the agent; if it is well, start the backup again"},
                                          Remedy::change};
inline constexpr FailureKind kPluginFailed{
    {"PluginFailed", 500, "A dump plugin did not do its part",
     "Read the message and the task's log; test the plugin on the agent's page or with restic-agent plugin "
     "test"},
    Remedy::change};
inline constexpr FailureKind kHookFailed{{"HookFailed", 500,
                                          "What was to run before the backup did not succeed",
                                          "Read the task's log: it has what the program wrote"},
                                         Remedy::change};
inline constexpr FailureKind kForbiddenOnMachine{
    {"ForbiddenOnMachine", 403, "The machine's own rules forbid this",
     "Ask the machine's admin, whose rules stand in its local policy file"},
    Remedy::change};
inline constexpr FailureKind kRetentionHeld{
    {"RetentionHeld", 409, "Nothing is removed after a doubtful backup",
     "Look at the last backup; the next one that succeeds frees this again"},
    Remedy::change};
inline constexpr FailureKind kResticTooOld{
    {"ResticTooOld", 501, "The machine's restic cannot do this",
     "Install the restic that the message names on the machine, or ask without it"},
    Remedy::change};
inline constexpr FailureKind kLinkInTheWay{{"LinkInTheWay", 409,
                                            "A link in the way would lead the restore elsewhere",
                                            "Restore into a new folder, or take the link away"},
                                           Remedy::change};
inline constexpr FailureKind kNothingToRestore{
    {"NothingToRestore", 404, "The snapshot has none of these paths",
     "Look at what is in the snapshot; paths are called there as on the machine that made it"},
    Remedy::change};
inline constexpr FailureKind kNotInSnapshot{
    {"NotInSnapshot", 404, "What was to be looked at is not there",
     "Look at what is in the snapshot from its top; list the repository's snapshots if one may be gone"},
    Remedy::change};
inline constexpr FailureKind kRestoreIncomplete{
    {"RestoreIncomplete", 500, "Not everything could be restored",
     "Read the task's problems and its log; what is not named there is restored"},
    Remedy::change};
inline constexpr FailureKind kRestoreTestFailed{
    {"RestoreTestFailed", 500, "What a restore test brought back is not what the snapshot says",
     "Read the task's problems and its log, let a check read the repository's data, and make a new backup"},
    Remedy::change};
inline constexpr FailureKind kCancelled{
    {"Cancelled", 409, "The task was cancelled", "Start it again if it is still wanted"}, Remedy::change};
inline constexpr FailureKind kAgentRemoved{
    {"AgentRemoved", 410, "The agent was removed", "Enrol the machine again and start the task anew"},
    Remedy::change};
inline constexpr FailureKind kAgentFailure{
    {"AgentFailure", 500, "The agent itself failed", "Read the agent's log on the machine"}, Remedy::retry};

inline constexpr FailureKind kResultTooLarge{{"ResultTooLarge", 413,
                                              "The task's result is larger than the host takes",
                                              "Ask for less, or raise restic.tasks.result_mib on the host"},
                                             Remedy::change};

inline constexpr std::array kAll{
    &kResticNotFound,     &kSourceNotFound,       &kRepositoryNotFound, &kBucketNotFound,
    &kRepositoryLocked,   &kAuthenticationFailed, &kInvalidCredentials, &kSSHKeyInvalid,
    &kCertificateError,   &kNetworkError,         &kNetworkUnreachable, &kNetworkTimeout,
    &kBackendUnavailable, &kBackendUnsupported,   &kOutOfDiskSpace,     &kQuotaExceeded,
    &kOutOfMemory,        &kPermissionDenied,     &kCommandTimeout,     &kRepositoryCorrupted,
    &kCommandFailed,      &kInterrupted,          &kUnsupportedTask,    &kInvalidTask,
    &kTaskTimeout,        &kPluginFailed,         &kCancelled,          &kAgentRemoved,
    &kAgentFailure,       &kResultTooLarge,       &kForbiddenOnMachine, &kHookFailed,
    &kRetentionHeld,      &kResticTooOld,         &kLinkInTheWay,       &kNothingToRestore,
    &kRestoreIncomplete,  &kNotInSnapshot,        &kRestoreTestFailed};

/// The declared kind of this name, also of one that earlier agents and rows have; null if there is none.
[[nodiscard]] constexpr const FailureKind* find(std::string_view name) {
    // So did agents of the first version call it.
    if (name == "RepositoryDamaged")
        return &kRepositoryCorrupted;
    for (const auto* kind : kAll)
        if (kind->name == name)
            return kind;
    return nullptr;
}

/// The wire form: the kind's name, the message (the kind's meaning if empty), the kind's recovery as hint.
[[nodiscard]] inline TaskError make(const core::ErrorKind& kind, std::string message = {}) {
    return {std::string(kind.name), message.empty() ? std::string(kind.meaning) : std::move(message),
            std::string(kind.recovery)};
}

} // namespace restic::protocol::task_errors
