#include "dumps/dump_reader.h"

#include "dumps/folder_reader.h"
#include "dumps/stream_reader.h"

namespace agent {

DumpReadEnd DumpReader::run(const DumpSource& source, const PluginStep& step, const RestoreWatch& watch) {
    const core::json::Value item(step.item);
    if (item.stringOr("kind") != "files")
        return StreamReader(commands_, steps_, limits_).run(source, step, watch);
    const auto bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(0, item.integerOr("bytes")));
    return FolderReader(commands_, steps_, staging_, limits_).run(source, bytes, step, watch);
}

} // namespace agent
