#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/process.h"
#include "restic/cli/command.h"
#include "restic/cli/repository_access.h"

namespace restic {

/// What a repository's folders `snapshots` and `locks` hold, by name: it costs a listing and no password.
struct RepositoryNames {
    std::vector<std::string> snapshots; ///< sorted
    std::vector<std::string> locks;     ///< sorted

    bool operator==(const RepositoryNames&) const = default;
    /// Equal for equal snapshots.
    [[nodiscard]] std::string digest() const;
    [[nodiscard]] std::string digestOfLocks() const;
};

/// With what a listing is made.
struct NameListing {
    const cli::RepositoryAccess& repository;
    /// Builds the command where a program does it.
    const cli::ResticCommands& commands;
    core::ProcessRunner& processes;
    std::chrono::milliseconds timeout; ///< for all of it
    const std::stop_token& stop;
};

/// nullopt where the kind has no such listing, or it failed: only restic can say then what is there, or why
/// not.
[[nodiscard]] std::optional<RepositoryNames> listNames(const NameListing& listing);

/// One for each kind that has such a listing.
namespace names {
/// Of a folder on this machine.
std::optional<RepositoryNames> ofFolder(const NameListing& listing);
/// Of a server that speaks restic's own protocol.
std::optional<RepositoryNames> ofRestServer(const NameListing& listing);
/// By OpenSSH's sftp.
std::optional<RepositoryNames> ofSftpServer(const NameListing& listing);
/// By S3's own request for names (ListObjectsV2).
std::optional<RepositoryNames> ofBucket(const NameListing& listing);
/// As a URL has it: an address of IPv6 in brackets.
std::string hostInUrl(const std::string& host);
/// Only what can be the name of a file in such a folder, sorted.
std::vector<std::string> whole(std::vector<std::string> names);
} // namespace names

} // namespace restic
