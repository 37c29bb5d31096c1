#pragma once

#include <optional>
#include <string>

#include "core/json.h"
#include "restic/protocol/dump_messages.h"

namespace restic {

/// What a snapshot's row keeps of the dump that it is.
struct DumpOfSnapshot {
    std::string plugin;
    std::optional<std::string> set;
    std::string database;
    /// Its path in the snapshot.
    std::string file;
    /// What the plugin knew of it.
    core::json::Object item;
};

/// nullopt: it is none.
[[nodiscard]] std::optional<DumpOfSnapshot> dumpIn(const core::json::Value& document);
/// The document for a dump that was saved; null for any other.
[[nodiscard]] core::json::Value documentOf(const protocol::DumpResult& dump);

} // namespace restic
