#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "restic/cli/version.h"

namespace agent {

/// One thing that a plugin dumps by itself, as its probe answered it.
struct DumpItem {
    std::string name;
    /// A stream, or files in a folder.
    bool files = false;
    /// Bytes of the machine's disk that it takes at least, as far as the plugin knows; 0: that is not known.
    std::uint64_t needs = 0;
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

/// Where a dump comes from: two of these have no dump of the same path.
struct DumpPlace {
    std::string plugin;
    /// The plugin's named settings; absent: its own.
    std::optional<std::string> set;
    /// As the plugin calls it.
    std::string server;
};

/// "/postgres/db-01/shop.dump", with named settings "/postgres/db-01,reports/shop.dump": the same for each
/// dump of a database, so that restic groups them.
[[nodiscard]] std::string dumpFile(const DumpPlace& place, const DumpItem& item,
                                   const restic::cli::ResticVersion& restic);

/// The same below a folder of the machine's disk, where each part has at most 255 bytes.
[[nodiscard]] std::string stagedFile(const DumpPlace& place, const DumpItem& item);

} // namespace agent
