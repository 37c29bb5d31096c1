#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "restic/protocol/dump_messages.h"

namespace restic {

/// What a snapshot's row keeps of a dump that is in it.
struct DumpOfSnapshot {
    std::string plugin;
    std::optional<std::string> set;
    std::string database;
    /// Its path in the snapshot.
    std::string file;
    /// What the plugin knew of it.
    core::json::Object item;
};

/// The dumps of a row's document; what cannot be read is left out.
[[nodiscard]] std::vector<DumpOfSnapshot> dumpsIn(const core::json::Value& document);
/// Which of several is meant.
struct DumpChoice {
    std::optional<std::string> plugin;
    std::optional<std::string> set;
    std::optional<std::string> database;
};
/// The one that is meant; nullopt: none is, or more than one.
[[nodiscard]] std::optional<DumpOfSnapshot> chosenOf(const std::vector<DumpOfSnapshot>& dumps,
                                                     const DumpChoice& choice);
/// The document for dumps that were saved; null if there is none.
[[nodiscard]] core::json::Value documentOf(const std::vector<protocol::DumpResult>& dumps);

} // namespace restic
