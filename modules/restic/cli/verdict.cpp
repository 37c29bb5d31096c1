#include "restic/cli/verdict.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>

#include "restic/cli/ssh_log.h"
#include "restic/protocol/task_errors.h"

namespace restic::cli {
namespace {
namespace task_errors = protocol::task_errors;
using protocol::TaskState;

struct Phrase {
    std::string_view text; // in lower case
    const core::ErrorKind* kind;
};

constexpr std::string_view kPage = "invalid character '<'";

// In order: restic 0.14 adds "Is there a repository at the following location?" to whatever kept it from
// reading the config file, so the causes come before it.
constexpr auto kPhrases = std::to_array<Phrase>({
    {"wrong password or no key found", &task_errors::kAuthenticationFailed},
    {"parsing repository location failed: invalid backend", &task_errors::kBackendUnsupported},
    {"repository is already locked", &task_errors::kRepositoryLocked},
    {"unable to create lock in backend", &task_errors::kRepositoryLocked},
    {"all target directories/files do not exist", &task_errors::kSourceNotFound},
    {"all source directories/files do not exist", &task_errors::kSourceNotFound},
    {"no space left on device", &task_errors::kOutOfDiskSpace},
    {"quota exceeded", &task_errors::kQuotaExceeded},
    {"quotaexceeded", &task_errors::kQuotaExceeded},
    {"insufficient storage", &task_errors::kQuotaExceeded},
    {"response (507)", &task_errors::kQuotaExceeded},
    {"cannot allocate memory", &task_errors::kOutOfMemory},
    {"x509:", &task_errors::kCertificateError},
    {"host key verification failed", &task_errors::kCertificateError},
    {"permission denied (publickey", &task_errors::kSSHKeyInvalid},
    {"unprotected private key file", &task_errors::kSSHKeyInvalid},
    {"error in libcrypto", &task_errors::kSSHKeyInvalid},
    {": invalid format", &task_errors::kSSHKeyInvalid},
    {"permission denied, please try again", &task_errors::kInvalidCredentials},
    {"accessdenied", &task_errors::kInvalidCredentials},
    {"access denied", &task_errors::kInvalidCredentials},
    {"invalidaccesskeyid", &task_errors::kInvalidCredentials},
    {"access key id you provided does not exist", &task_errors::kInvalidCredentials},
    {"signaturedoesnotmatch", &task_errors::kInvalidCredentials},
    {"request signature we calculated does not match", &task_errors::kInvalidCredentials},
    {"authenticationfailed", &task_errors::kInvalidCredentials},
    {"server failed to authenticate the request", &task_errors::kInvalidCredentials},
    {"malformed storage account key", &task_errors::kInvalidCredentials},
    {"invalid_grant", &task_errors::kInvalidCredentials},
    {"private key should be a pem", &task_errors::kInvalidCredentials},
    {"error getting credentials using google_application_credentials", &task_errors::kInvalidCredentials},
    {"googleapi: error 401", &task_errors::kInvalidCredentials},
    {"googleapi: error 403", &task_errors::kInvalidCredentials},
    {"401 unauthorized", &task_errors::kInvalidCredentials},
    {"response (401)", &task_errors::kInvalidCredentials},
    {"403 forbidden", &task_errors::kInvalidCredentials},
    {"response (403)", &task_errors::kInvalidCredentials},
    {"nosuchbucket", &task_errors::kBucketNotFound},
    {"specified bucket does not exist", &task_errors::kBucketNotFound},
    {"bucket doesn't exist", &task_errors::kBucketNotFound},
    {"containernotfound", &task_errors::kBucketNotFound},
    {"specified container does not exist", &task_errors::kBucketNotFound},
    {"no route to host", &task_errors::kNetworkUnreachable},
    {"network is unreachable", &task_errors::kNetworkUnreachable},
    {"connection timed out", &task_errors::kNetworkTimeout},
    {"operation timed out", &task_errors::kNetworkTimeout},
    {"i/o timeout", &task_errors::kNetworkTimeout},
    {"tls handshake timeout", &task_errors::kNetworkTimeout},
    {"context deadline exceeded", &task_errors::kNetworkTimeout},
    {"connection refused", &task_errors::kBackendUnavailable},
    {"service unavailable", &task_errors::kBackendUnavailable},
    {"serviceunavailable", &task_errors::kBackendUnavailable},
    {"please reduce your request rate", &task_errors::kBackendUnavailable},
    {"bad gateway", &task_errors::kBackendUnavailable},
    {"gateway timeout", &task_errors::kBackendUnavailable},
    {"response (500)", &task_errors::kBackendUnavailable},
    {"response (502)", &task_errors::kBackendUnavailable},
    {"response (503)", &task_errors::kBackendUnavailable},
    {"response (504)", &task_errors::kBackendUnavailable},
    {"dial tcp", &task_errors::kNetworkError},
    {"no such host", &task_errors::kNetworkError},
    {"could not resolve hostname", &task_errors::kNetworkError},
    {"connection reset", &task_errors::kNetworkError},
    {"connection closed by", &task_errors::kNetworkError},
    {"broken pipe", &task_errors::kNetworkError},
    {"unable to start the sftp session", &task_errors::kBackendUnavailable},
    // It does not speak TLS.
    {"server gave http response to https client", &task_errors::kBackendUnavailable},
    // Something else answers in the storage's place, with a page.
    {"negative content length", &task_errors::kBackendUnavailable},
    {kPage, &task_errors::kBackendUnavailable},
    // So Go begins what kept a request from being answered at all.
    {"head \"http", &task_errors::kNetworkError},
    {"get \"http", &task_errors::kNetworkError},
    {"post \"http", &task_errors::kNetworkError},
    {"put \"http", &task_errors::kNetworkError},
    {"permission denied", &task_errors::kPermissionDenied},
    {"read-only file system", &task_errors::kPermissionDenied},
    {"config file has zero size", &task_errors::kRepositoryCorrupted},
    {"repository does not exist", &task_errors::kRepositoryNotFound},
    {"is there a repository at the following location", &task_errors::kRepositoryNotFound},
    {"repository contains errors", &task_errors::kRepositoryCorrupted},
    {"ciphertext verification failed", &task_errors::kRepositoryCorrupted},
    {"invalid data returned", &task_errors::kRepositoryCorrupted},
    {"not found in repository", &task_errors::kRepositoryCorrupted},
    {"packs from index missing in repo", &task_errors::kRepositoryCorrupted},
    {"pack size does not match calculated size", &task_errors::kRepositoryCorrupted},
    {"index is not complete", &task_errors::kRepositoryCorrupted},
});

constexpr std::string_view kNoSession = "unable to start the sftp session";

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

/// `text` is in lower case.
bool saysBucketIsAbsent(std::string_view text) {
    return std::any_of(kPhrases.begin(), kPhrases.end(), [&](const Phrase& phrase) {
        return phrase.kind == &task_errors::kBucketNotFound &&
               text.find(phrase.text) != std::string_view::npos;
    });
}

std::string outcomeOf(const core::ErrorKind& kind) {
    if (&kind == &task_errors::kRepositoryLocked)
        return "locked";
    if (&kind == &task_errors::kRepositoryNotFound || &kind == &task_errors::kBucketNotFound)
        return "no_repository";
    if (&kind == &task_errors::kAuthenticationFailed)
        return "bad_password";
    if (&kind == &task_errors::kSourceNotFound)
        return "source_missing";
    return "failed";
}

Verdict failure(const core::ErrorKind& kind, std::string message) {
    return {TaskState::failed, outcomeOf(kind), task_errors::make(kind, std::move(message))};
}

/// The line with which a crash of Go's runtime says what it is.
std::string crashLine(std::string_view text) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        for (const std::string_view begin : {"panic:", "fatal error:", "SIG", "runtime:", "unexpected fault"})
            if (line.starts_with(begin))
                return std::string(line.substr(0, 512));
    }
    return {};
}

bool saysMemoryIsOut(std::string_view text) {
    const auto small = lower(text);
    return small.find("out of memory") != std::string::npos ||
           small.find("cannot allocate memory") != std::string::npos;
}

std::string messageFor(const core::ErrorKind& kind, const core::ProcessExit& exit, std::string_view text) {
    if (text.find("/dev/fd/3") != std::string_view::npos)
        return "restic did not get the password that the agent hands over as an open file (/dev/fd/3). If "
               "restic.binary is a wrapper around sudo or su, it closes open files: let it keep them (sudo "
               "-C 4 with "
               "closefrom_override), give restic its rights in another way, or name a password_file";
    if (exit.known && exit.signal != 0) {
        auto message = "restic was ended from outside, by " + exit.describe();
        if (exit.signal == SIGKILL)
            message += "; out of memory, the kernel does that";
        return message;
    }
    // A page in the place of what the storage would say.
    if (&kind == &task_errors::kBackendUnavailable && lower(text).find(kPage) != std::string::npos)
        return "A web page answers at this address, and no storage: correct the address, or look for a "
               "portal or a proxy on the way";
    std::string message(kind.meaning);
    if (&kind == &task_errors::kRepositoryLocked) {
        if (const auto holder = lockHolder(text))
            message += ": " + *holder + lockAge(text);
    } else if (const auto line = headline(text); !line.empty()) {
        message += ": " + line;
    } else {
        message += " (" + exit.describe() + ")";
    }
    return message;
}
} // namespace

const core::ErrorKind& classifyFailure(const core::ProcessExit& exit, std::string_view errorText) {
    if (exit.known && exit.signal != 0)
        return task_errors::kInterrupted;
    if (exit.known) {
        switch (exit.code) {
        case 10: // also where the bucket is what there is not
            return saysBucketIsAbsent(lower(errorText)) ? task_errors::kBucketNotFound
                                                        : task_errors::kRepositoryNotFound;
        case 11:
            return task_errors::kRepositoryLocked;
        case 12:
            return task_errors::kAuthenticationFailed;
        default:
            break;
        }
    }
    const auto text = lower(errorText);
    for (const auto& phrase : kPhrases)
        if (text.find(phrase.text) != std::string::npos)
            return *phrase.kind;
    return exit.known ? task_errors::kCommandFailed : task_errors::kInterrupted;
}

bool saysRepositoryIsAbsent(const core::ProcessExit& exit, std::string_view errorText) {
    if (exit.known && exit.signal == 0 && exit.code == 10)
        return true;
    const auto& kind = classifyFailure(exit, errorText);
    if (&kind == &task_errors::kBucketNotFound)
        return true; // restic init makes it where the credentials may
    if (&kind != &task_errors::kRepositoryNotFound)
        return false;
    const auto text = lower(errorText);
    constexpr std::string_view kAbsent[] = {"no such file or directory",
                                            "does not exist",
                                            "not exist",
                                            "object doesn't exist",
                                            "404",
                                            "not found",
                                            "nosuchkey",
                                            "nosuchbucket"};
    return std::any_of(std::begin(kAbsent), std::end(kAbsent),
                       [&](std::string_view phrase) { return text.find(phrase) != std::string::npos; });
}

std::string headline(std::string_view errorText) {
    const auto all = errorText;
    std::string_view best;
    while (!errorText.empty()) {
        const auto end = errorText.find('\n');
        const auto line = errorText.substr(0, end);
        errorText.remove_prefix(end == std::string_view::npos ? errorText.size() : end + 1);
        constexpr std::string_view kFatal = "Fatal: ";
        if (line.starts_with(kFatal)) {
            best = line.substr(kFatal.size());
            break;
        }
        if (best.empty())
            best = line;
    }
    // ssh says why.
    if (const auto ssh = all.rfind(kOfSsh);
        best.find(kNoSession) != std::string_view::npos && ssh != std::string_view::npos)
        best = all.substr(ssh, all.find_first_of("\r\n", ssh) - ssh);
    if (const auto again = best.find(kTriesAgain); again != std::string_view::npos)
        if (const auto cause = best.find(": ", again); cause != std::string_view::npos)
            best.remove_prefix(cause + 2);
    return std::string(best.substr(0, 1024));
}

std::optional<std::string> lockHolder(std::string_view errorText) {
    const auto at = errorText.find("by PID ");
    if (at == std::string_view::npos)
        return std::nullopt;
    auto rest = errorText.substr(at + 3);
    rest = rest.substr(0, std::min(rest.find('\n'), rest.find(" (UID")));
    return std::string(rest.substr(0, 256));
}

std::string lockAge(std::string_view errorText) {
    constexpr std::string_view kCreated = "lock was created at ";
    const auto at = errorText.find(kCreated);
    if (at == std::string_view::npos)
        return {};
    const auto rest = errorText.substr(at + kCreated.size());
    return ", since " + std::string(rest.substr(0, std::min<std::size_t>(rest.find('\n'), 128)));
}

std::string failureMessage(const core::ProcessExit& exit, std::string_view errorText) {
    return messageFor(classifyFailure(exit, errorText), exit, errorText);
}

Verdict judgeFailure(const core::ProcessExit& exit, std::string_view errorText, StopReason stopped) {
    const bool ended = exit.known && exit.signal == 0;
    if (stopped == StopReason::timedOut)
        return failure(task_errors::kCommandTimeout, {});
    if (stopped == StopReason::cancelled)
        return {TaskState::cancelled, "cancelled", std::nullopt};
    if (ended && exit.code == 0)
        return failure(task_errors::kCommandFailed, "restic ended without naming a result");
    if (const auto crash = ended && exit.code == 2 ? crashLine(errorText) : std::string(); !crash.empty())
        return failure(saysMemoryIsOut(crash) ? task_errors::kOutOfMemory : task_errors::kCommandFailed,
                       "restic crashed: " + crash);
    if (ended && exit.code == 130)
        return failure(task_errors::kInterrupted, "restic was interrupted, though nobody asked for it here");
    const auto& kind = classifyFailure(exit, errorText);
    return failure(kind, messageFor(kind, exit, errorText));
}

} // namespace restic::cli
