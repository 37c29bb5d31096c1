#include "dumps/dump_of_snapshot.h"

namespace restic {

std::optional<DumpOfSnapshot> dumpIn(const core::json::Value& document) {
    DumpOfSnapshot dump;
    dump.plugin = document.stringOr("plugin");
    dump.database = document.stringOr("database");
    dump.file = document.stringOr("file");
    if (dump.plugin.empty() || dump.file.empty())
        return std::nullopt;
    if (auto set = document.stringOr("set"); !set.empty())
        dump.set = std::move(set);
    if (const auto* item = document.find("item"); item != nullptr && item->object() != nullptr)
        dump.item = *item->object();
    return dump;
}

core::json::Value documentOf(const protocol::DumpResult& dump) {
    if (dump.state != protocol::dump_state::kSaved || !dump.file || !dump.database)
        return {};
    core::json::Object document{{"plugin", dump.plugin}, {"database", *dump.database}, {"file", *dump.file}};
    if (dump.set)
        document.set("set", *dump.set);
    if (!dump.item.empty())
        document.set("item", dump.item);
    return document;
}

} // namespace restic
