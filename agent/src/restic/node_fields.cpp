#include "restic/node_fields.h"

#include "core/encoding.h"
#include "core/text.h"
#include "restic/cli/json_message.h"

namespace agent {

std::optional<std::string> textOfNode(const core::json::Value& node, std::string_view name) {
    auto text = node.stringOr(name);
    return text.empty() ? std::nullopt : std::optional(std::move(text));
}

std::optional<std::uint64_t> sizeOfNode(const core::json::Value& node) {
    if (node.stringOr("type") != "file")
        return std::nullopt;
    return restic::cli::json::count(node, "size").value_or(0);
}

std::optional<std::string> base64IfOdd(const std::string& name) {
    return core::printable(name) == name ? std::nullopt : std::optional(core::base64UrlEncode(name));
}

} // namespace agent
