#include "restic/protocol/dump_messages.h"

#include "core/text.h"
#include "restic/protocol/snapshot_id.h"

namespace restic::protocol {
using core::wire::object;
using core::wire::tolerant;
using core::wire::Type;

const Type& wireType(const PluginUse*) {
    static const auto type =
        object<PluginUse>("BackupPlugin", tolerant, "A dump plugin that a backup uses")
            .field("name", &PluginUse::name, {.minLength = 1, .maxLength = 64})
            .field("set", &PluginUse::set,
                   {.doc = "The name of settings that stand on the agent; absent: the plugin's own",
                    .omitEmpty = true,
                    .minLength = 1,
                    .maxLength = 64})
            .field("settings", &PluginUse::settings,
                   {.doc = "Over the agent's: fields that the plugin leaves to policies",
                    .optional = true,
                    .omitEmpty = true})
            .field("on_error", &PluginUse::onError,
                   {.doc = "What a failed dump does to the backup",
                    .optional = true,
                    .oneOf = {std::string(on_error::kFail), std::string(on_error::kWarn),
                              std::string(on_error::kIgnore)}})
            .field("with_files", &PluginUse::withFiles,
                   {.doc = "The dumps are first written to the agent's disk, and saved in one snapshot with "
                           "the files",
                    .optional = true})
            .build();
    return type;
}

const Type& wireType(const DumpResult*) {
    static const auto type =
        object<DumpResult>("DumpResult", tolerant, "What came of the dump of one database")
            .field("plugin", &DumpResult::plugin, {.minLength = 1, .maxLength = 64})
            .field("set", &DumpResult::set, {.omitEmpty = true, .maxLength = 64})
            .field("database", &DumpResult::database,
                   {.doc = "Absent where the plugin failed before it could say what there is",
                    .omitEmpty = true,
                    .maxLength = 1024})
            .field("on_error", &DumpResult::onError, {.optional = true, .maxLength = 16})
            .field("state", &DumpResult::state,
                   {.oneOf = {std::string(dump_state::kSaved), std::string(dump_state::kFailed),
                              std::string(dump_state::kEmpty)}})
            .field("snapshot_id", &DumpResult::snapshotId, {.omitEmpty = true, .check = checkSnapshotId})
            .field("short_id", &DumpResult::shortId, {.omitEmpty = true, .check = checkShortId})
            .field("file", &DumpResult::file,
                   {.doc = "The dump's path in its snapshot", .omitEmpty = true, .maxLength = 4096})
            .field("bytes", &DumpResult::bytes,
                   {.doc = "Of the dump, before it is compressed", .omitEmpty = true})
            .field("data_added", &DumpResult::dataAdded, {.omitEmpty = true})
            .field("duration_seconds", &DumpResult::durationSeconds, {.omitEmpty = true})
            .field("time", &DumpResult::time, {.doc = "The snapshot's own time", .omitEmpty = true})
            .field("tags", &DumpResult::tags, {.optional = true, .omitEmpty = true})
            .field(
                "item", &DumpResult::item,
                {.doc = "What the plugin knew of it, for its restore", .optional = true, .omitEmpty = true})
            .field("server", &DumpResult::server, {.omitEmpty = true, .maxLength = 256})
            .field("tool", &DumpResult::tool, {.omitEmpty = true, .maxLength = 256})
            .field("error", &DumpResult::error, {.omitEmpty = true})
            .field("warnings", &DumpResult::warnings,
                   {.doc = "What the plugin says of a dump that it made",
                    .optional = true,
                    .omitEmpty = true,
                    .maxItems = 100})
            .build();
    return type;
}

} // namespace restic::protocol
