#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "restic/version.h"

namespace agent {

/// One thing that a plugin dumps by itself, as its probe answered it.
struct DumpItem {
    std::string name;
    /// A stream, or files in a folder.
    bool files = false;
    /// Of the stream's name in the snapshot, without a dot.
    std::string extension;
    core::json::Object document;
};

/// The items of a probe's answer. Those without a name are left out.
[[nodiscard]] std::vector<DumpItem> itemsOf(const core::json::Object& answer);

/// A name with everything percent-encoded that has a meaning in a path or a tag: commas, slashes, control
/// characters, white space at its ends. Two names never become one.
[[nodiscard]] std::string encodedName(std::string_view name);

/// The name that became this text.
[[nodiscard]] std::string decodedName(std::string_view encoded);

/// "/postgres/db-01/shop.dump": the same for each dump of a database, so that restic groups them.
[[nodiscard]] std::string dumpFile(const std::string& plugin, const std::string& server, const DumpItem& item,
                                   const ResticVersion& restic);

/// The same below a folder of the machine's disk, where each part has at most 255 bytes.
[[nodiscard]] std::string stagedFile(const std::string& plugin, const std::string& server,
                                     const DumpItem& item);

} // namespace agent
