#include "dumps/dump_of_snapshot.h"

#include "restic/protocol/plugin_settings.h"

namespace restic {
namespace {
bool isMeant(const DumpOfSnapshot& dump, const DumpChoice& choice) {
    return (!choice.plugin || *choice.plugin == dump.plugin) &&
           (!choice.set || *choice.set == dump.set.value_or(protocol::kDefaultSettings)) &&
           (!choice.database || *choice.database == dump.database);
}
} // namespace

std::vector<DumpOfSnapshot> dumpsIn(const core::json::Value& document) {
    std::vector<DumpOfSnapshot> out;
    if (document.array() == nullptr)
        return out;
    for (const auto& one : *document.array()) {
        DumpOfSnapshot dump;
        dump.plugin = one.stringOr("plugin");
        dump.database = one.stringOr("database");
        dump.file = one.stringOr("file");
        if (dump.plugin.empty() || dump.file.empty())
            continue;
        if (auto set = one.stringOr("set"); !set.empty())
            dump.set = std::move(set);
        if (const auto* item = one.find("item"); item != nullptr && item->object() != nullptr)
            dump.item = *item->object();
        out.push_back(std::move(dump));
    }
    return out;
}

std::optional<DumpOfSnapshot> chosenOf(const std::vector<DumpOfSnapshot>& dumps, const DumpChoice& choice) {
    const DumpOfSnapshot* found = nullptr;
    for (const auto& dump : dumps)
        if (isMeant(dump, choice)) {
            if (found != nullptr)
                return std::nullopt;
            found = &dump;
        }
    return found == nullptr ? std::nullopt : std::optional(*found);
}

core::json::Value documentOf(const std::vector<protocol::DumpResult>& dumps) {
    core::json::Array out;
    for (const auto& dump : dumps) {
        if (dump.state != protocol::dump_state::kSaved || !dump.file || !dump.database)
            continue;
        core::json::Object one{{"plugin", dump.plugin}, {"database", *dump.database}, {"file", *dump.file}};
        if (dump.set)
            one.set("set", *dump.set);
        if (!dump.item.empty())
            one.set("item", dump.item);
        out.emplace_back(std::move(one));
    }
    return out.empty() ? core::json::Value() : core::json::Value(std::move(out));
}

} // namespace restic
