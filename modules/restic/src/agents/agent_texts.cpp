#include "agents/agent_texts.h"

#include <string_view>

#include "core/text.h"

namespace restic {
namespace {
bool hasSeveralLines(std::string_view field) {
    return field == "message" || field == "hint" || field == "stderr_tail";
}

core::json::Value cleaned(const core::json::Value& said, std::string_view kept) {
    if (const auto* text = said.string())
        return core::printable(*text, kept);
    if (const auto* items = said.array()) {
        core::json::Array all;
        all.reserve(items->size());
        for (const auto& item : *items)
            all.push_back(cleaned(item, kept));
        return all;
    }
    if (const auto* object = said.object()) {
        core::json::Object all;
        for (const auto& [name, value] : object->members())
            all.set(core::printable(name), cleaned(value, hasSeveralLines(name) ? "\n\t" : ""));
        return all;
    }
    return said;
}
} // namespace

core::json::Value printableTexts(const core::json::Value& said) {
    return cleaned(said, {});
}

} // namespace restic
