#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/time.h"
#include "import/v0_source.h"
#include "restic/protocol/repository_kinds.h"
#include "restic/protocol/task_messages.h"

/// What v0's rows mean. Each reader answers the row, or an error that says what is wrong with it.
namespace restic {

struct V0Target {
    std::optional<std::int64_t> id;
    std::string name;
    std::string repository;
    std::optional<std::string> password;
    std::optional<std::string> passwordFile;
    std::optional<std::string> certFile;
    bool disabled = false;
    /// Nothing where v0 says nothing: no count, or all of them 0.
    std::optional<protocol::Retention> retention;
};
core::Result<V0Target> readV0Target(const V0Row& row);

struct V0Snapshot {
    std::string snapshotId; ///< 64 digits, or the first 8
    core::Instant time;
    std::optional<std::string> hostname;
    std::optional<std::string> username;
    std::vector<std::string> paths;
    std::vector<std::string> tags;
    std::optional<std::string> parent;
    std::optional<std::string> tree;
};
core::Result<V0Snapshot> readV0Snapshot(const V0Row& row);

struct V0Check {
    bool healthy = false;
    std::optional<std::string> message;
    core::Instant at;
};
core::Result<V0Check> readV0Check(const V0Row& row);

/// Where a v0 repository is, as this project writes it.
struct V0Address {
    const protocol::RepositoryKind* kind = nullptr;
    std::string url;
    core::json::Object config; ///< what was in the address and belongs into fields, with its secrets
    bool wasRelative = false;  ///< a path, taken from the file's folder
};
/// `folder`: where relative paths begin.
core::Result<V0Address> readV0Address(const std::string& repository, const std::filesystem::path& folder);

/// The host name of the machine that a target is named after; never empty. `id` is for a name of which
/// nothing can be a host's.
std::string hostNameOf(const V0Target& target);

} // namespace restic
