#include "config/yaml_json.h"

#include <charconv>

#include <fmt/format.h>

#include "config/config.h"
#include "config/yaml_node_json.h"

namespace agent {
namespace {
constexpr int kMaxDepth = 16;

[[noreturn]] void fail(const YAML::Node& at, const std::string& name, const std::string& key,
                       const std::string& what) {
    throw core::Error(errors::kConfig, fmt::format("{}, line {}: {} {}", name, at.Mark().line + 1,
                                                   key.empty() ? "the document" : key, what));
}

core::json::Value scalar(const YAML::Node& node) {
    const auto& value = node.Scalar();
    if (node.Tag() == "!") // quoted
        return value;
    if (value == "true" || value == "false")
        return value == "true";
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc{} && end == value.data() + value.size())
        return number;
    return value;
}

core::json::Value converted(const YAML::Node& node, const std::string& name, const std::string& key,
                            int depth) {
    if (depth > kMaxDepth)
        fail(node, name, key, "is nested too deeply");
    switch (node.Type()) {
    case YAML::NodeType::Scalar:
        return scalar(node);
    case YAML::NodeType::Sequence: {
        core::json::Array out;
        for (const auto& item : node)
            out.push_back(converted(item, name, key, depth + 1));
        return out;
    }
    case YAML::NodeType::Map: {
        core::json::Object out;
        for (const auto& item : node) {
            if (!item.first.IsScalar())
                fail(item.first, name, key, "has a key that is no text");
            const auto& own = item.first.Scalar();
            const auto full = key.empty() ? own : key + "." + own;
            if (out.find(own) != nullptr)
                fail(item.first, name, full, "stands there twice");
            out.set(own, converted(item.second, name, full, depth + 1));
        }
        return out;
    }
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined:
        break;
    }
    return nullptr;
}
} // namespace

core::json::Value jsonOf(const YAML::Node& node, const std::string& name, const std::string& key) {
    return converted(node, name, key, 0);
}

core::json::Value readYaml(const std::string& text, const std::string& name) {
    try {
        return jsonOf(YAML::Load(text), name, {});
    } catch (const YAML::Exception& error) {
        // Its own message may quote the text, which may be a secret.
        throw core::Error(errors::kConfig, fmt::format("{}, line {}: this is not well-formed YAML", name,
                                                       error.mark.is_null() ? 1 : error.mark.line + 1));
    }
}

} // namespace agent
