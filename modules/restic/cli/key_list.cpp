#include "restic/cli/key_list.h"

#include "restic/cli/json_message.h"
#include "restic/protocol/snapshot_id.h"

namespace restic::cli {

std::optional<std::string> KeyList::find(std::string_view id) const {
    for (const auto& known : ids)
        if (known.starts_with(id) || id.starts_with(known))
            return known;
    return std::nullopt;
}

KeyList readKeyList(std::string_view output) {
    KeyList read;
    const auto begin = output.find('[');
    const auto document = begin != std::string_view::npos ? json::read(output.substr(begin)) : std::nullopt;
    if (!document || document->array() == nullptr)
        return read;
    for (const auto& key : *document->array()) {
        auto id = key.stringOr("id");
        if (protocol::checkShortId(id))
            continue;
        if (key.booleanOr("current"))
            read.current = id;
        read.ids.push_back(std::move(id));
    }
    return read;
}

} // namespace restic::cli
