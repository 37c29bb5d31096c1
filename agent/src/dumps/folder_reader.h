#pragma once

#include "dumps/dump_reader.h"
#include "staging/staging.h"

namespace agent {

/// A dump of files: brought from its snapshot to the machine's disk, for a plugin's step that reads it there,
/// and removed afterwards. One thread.
class FolderReader {
public:
    FolderReader(const restic::cli::ResticCommands& commands, const PluginSteps& steps, Staging& staging,
                 TimeLimits limits)
        : commands_(commands), steps_(steps), staging_(staging), limits_(limits) {}

    /// `expected`: the dump's bytes, as far as they are known, or 0.
    [[nodiscard]] DumpReadEnd run(const DumpSource& source, std::uint64_t expected, PluginStep step,
                                  const RestoreWatch& watch);

private:
    /// Why the files did not come.
    std::optional<restic::protocol::TaskError> fetch(const DumpSource& source,
                                                     const std::filesystem::path& folder,
                                                     const RestoreWatch& watch, DumpReadEnd& end);

    const restic::cli::ResticCommands& commands_;
    const PluginSteps& steps_;
    Staging& staging_;
    TimeLimits limits_;
};

} // namespace agent
