#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace agent {

/// What this machine's admin forbids, whatever the server sends: a file of theirs that no request changes.
/// Without the file nothing is forbidden.
struct LocalPolicy {
    /// Only below these folders is anything saved, and restored to; absent: everywhere, but for what only a
    /// list allows (whyNoRestoreTo()).
    std::optional<std::vector<std::string>> paths;
    std::optional<std::vector<std::string>> restorePaths;
    bool restores = true;
    /// Restore tests of files, which write to the agent's own folder alone.
    bool restoreTests = true;
    bool hooks = true;
    /// Only these plugins are used; absent: all.
    std::optional<std::vector<std::string>> plugins;

    /// Looks at the file system: links do not lead out of what is allowed.
    [[nodiscard]] bool allowsPath(const std::string& path) const;
    [[nodiscard]] bool allowsRestoreTo(const std::string& path) const { return !whyNoRestoreTo(path); }
    /// Why nothing is restored to this folder, as a sentence. The root and the system's own folders (/etc,
    /// /usr, /proc, …) are allowed by the list alone.
    [[nodiscard]] std::optional<std::string> whyNoRestoreTo(const std::string& folder) const;
    /// Why this path is not restored where it was: only what the list has is.
    [[nodiscard]] std::optional<std::string> whyNoRestoreInPlace(const std::string& path) const;
    [[nodiscard]] bool allowsPlugin(const std::string& name) const;
    [[nodiscard]] bool forbidsAnything() const;
    /// As people are shown it.
    [[nodiscard]] core::json::Object document() const;
};

/// Throws errors::kConfig, naming file and line, for a file that cannot be understood or that others than
/// root and this user could change: what is forbidden must not be allowed by a mistake.
[[nodiscard]] LocalPolicy readLocalPolicy(const std::filesystem::path& file);

} // namespace agent
