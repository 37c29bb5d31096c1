#pragma once

#include "dumps/dump_reader.h"

namespace agent {

/// A dump that goes from its snapshot straight into a plugin's step. The step's input ends only when restic
/// has ended well: a dump of which the rest is missing never looks whole. One thread.
class StreamReader {
public:
    StreamReader(const restic::cli::ResticCommands& commands, const PluginSteps& steps, TimeLimits limits)
        : commands_(commands), steps_(steps), limits_(limits) {}

    [[nodiscard]] DumpReadEnd run(const DumpSource& source, PluginStep step, const RestoreWatch& watch);

private:
    const restic::cli::ResticCommands& commands_;
    const PluginSteps& steps_;
    TimeLimits limits_;
};

} // namespace agent
