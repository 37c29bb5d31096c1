#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/error.h"
#include "restic/protocol/task_messages.h"

/// Why a task can fail: the names that agents report in TaskError and that pages explain. The HTTP status is
/// that of the request which learns it directly, where there is one.
namespace restic::protocol::task_errors {

inline constexpr core::ErrorKind kResticNotFound{
    "ResticNotFound", 503, "restic is not installed on the agent",
    "Install restic on the machine, or name it in the agent's configuration under restic.binary"};
inline constexpr core::ErrorKind kSourceNotFound{
    "SourceNotFound", 404, "None of the paths to back up exists",
    "Correct the policy's include paths, or mount what is missing"};
inline constexpr core::ErrorKind kRepositoryNotFound{
    "RepositoryNotFound", 404, "There is no repository at this place",
    "Check the repository's address and that its disk is mounted; a repository that once worked is never "
    "created again by itself"};
inline constexpr core::ErrorKind kRepositoryLocked{
    "RepositoryLocked", 409, "The repository is locked by another process",
    "Wait until the holder is done; if it died, run an unlock task"};
inline constexpr core::ErrorKind kAuthenticationFailed{"AuthenticationFailed", 401,
                                                       "The repository's password is wrong",
                                                       "Correct the repository's password or password file"};
inline constexpr core::ErrorKind kInvalidCredentials{
    "InvalidCredentials", 401, "The storage refused the credentials", "Correct the storage's keys or user"};
inline constexpr core::ErrorKind kCertificateError{"CertificateError", 502,
                                                   "The storage's certificate is not trusted",
                                                   "Name the CA certificate as the repository's cert_file"};
inline constexpr core::ErrorKind kNetworkError{
    "NetworkError", 503, "The storage cannot be reached",
    "Check the network, name resolution and firewall between agent and storage"};
inline constexpr core::ErrorKind kOutOfDiskSpace{
    "OutOfDiskSpace", 507, "A disk is full",
    "Free space on the repository's disk or on the agent's cache disk"};
inline constexpr core::ErrorKind kPermissionDenied{"PermissionDenied", 403,
                                                   "The agent's user may not read or write a file",
                                                   "Give the agent's user access, or run the agent as root"};
inline constexpr core::ErrorKind kCommandTimeout{"CommandTimeout", 504,
                                                 "The task took longer than its policy allows",
                                                 "Raise the policy's timeout, or find out what made it slow"};
inline constexpr core::ErrorKind kRepositoryDamaged{
    "RepositoryDamaged", 500, "restic found damage in the repository",
    "Run a check task and follow restic's advice before the next prune"};
inline constexpr core::ErrorKind kCommandFailed{"CommandFailed", 500, "restic failed",
                                                "Read the task's log; its last lines are restic's own words"};
inline constexpr core::ErrorKind kInterrupted{
    "Interrupted", 500, "restic ended without a result",
    "Look for a reboot or for the kernel's out-of-memory killer at that time; the next run starts anew"};
inline constexpr core::ErrorKind kUnsupportedTask{
    "UnsupportedTask", 501, "This agent does not know this kind of task", "Upgrade the agent"};
inline constexpr core::ErrorKind kInvalidTask{"InvalidTask", 400, "The task's parameters cannot be used",
                                              "Correct what the message names in the policy or the request"};
inline constexpr core::ErrorKind kTaskTimeout{"TaskTimeout", 504,
                                              "The agent was not heard of for longer than the task may take",
                                              "Look at the agent; if it is well, start the backup again"};
inline constexpr core::ErrorKind kPluginFailed{
    "PluginFailed", 500, "A dump plugin did not do its part",
    "Install the plugin on the machine, or take it out of the policy"};
inline constexpr core::ErrorKind kCancelled{"Cancelled", 409, "The task was cancelled",
                                            "Start it again if it is still wanted"};
inline constexpr core::ErrorKind kAgentRemoved{"AgentRemoved", 410, "The agent was removed",
                                               "Enrol the machine again and start the task anew"};
inline constexpr core::ErrorKind kAgentFailure{"AgentFailure", 500, "The agent itself failed",
                                               "Read the agent's log on the machine"};

inline constexpr std::array kAll{&kResticNotFound,   &kSourceNotFound,       &kRepositoryNotFound,
                                 &kRepositoryLocked, &kAuthenticationFailed, &kInvalidCredentials,
                                 &kCertificateError, &kNetworkError,         &kOutOfDiskSpace,
                                 &kPermissionDenied, &kCommandTimeout,       &kRepositoryDamaged,
                                 &kCommandFailed,    &kInterrupted,          &kUnsupportedTask,
                                 &kInvalidTask,      &kTaskTimeout,          &kPluginFailed,
                                 &kCancelled,        &kAgentRemoved,         &kAgentFailure};

/// The wire form: the kind's name, the message (the kind's meaning if empty), the kind's recovery as hint.
[[nodiscard]] inline TaskError make(const core::ErrorKind& kind, std::string message = {}) {
    return {std::string(kind.name), message.empty() ? std::string(kind.meaning) : std::move(message),
            std::string(kind.recovery)};
}

} // namespace restic::protocol::task_errors
