#include "http/router.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "core/encoding.h"
#include "http/route_counters.h"

namespace core::http {

struct Router::Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literal;
    std::unique_ptr<Node> parameter;
    /// The last segment may take the rest of the path: "{path*}".
    std::unique_ptr<Node> rest;
    std::map<std::string, std::shared_ptr<const Route>, std::less<>> methods;
};

namespace {
std::vector<std::string_view> segments(std::string_view path) {
    std::vector<std::string_view> parts;
    path.remove_prefix(1);
    for (;;) {
        const auto slash = path.find('/');
        parts.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos)
            return parts;
        path.remove_prefix(slash + 1);
    }
}

bool isParameter(std::string_view segment) {
    return segment.starts_with('{') && segment.ends_with('}');
}

std::vector<std::string> parameterNames(std::string_view pattern) {
    std::vector<std::string> names;
    for (std::string_view segment : segments(pattern)) {
        if (!isParameter(segment))
            continue;
        segment = segment.substr(1, segment.size() - 2);
        if (segment.ends_with('*'))
            segment.remove_suffix(1);
        names.emplace_back(segment);
    }
    return names;
}

/// nullopt for what is no text: broken escapes, bytes that are not UTF-8, NUL.
std::optional<std::string> decodeSegment(std::string_view segment) {
    auto decoded = percentDecode(segment);
    if (decoded && (!isUtf8(*decoded) || decoded->find('\0') != std::string::npos))
        decoded.reset();
    return decoded;
}

/// Braces around whole segments only, names unique and not empty, "{rest*}" only at the end: anything else
/// would be taken for a literal or never be reached.
bool isWellFormed(std::string_view pattern) {
    const auto parts = segments(pattern);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        std::string_view name = parts[i];
        if (isParameter(name)) {
            name = name.substr(1, name.size() - 2);
            if (name.ends_with('*')) {
                name.remove_suffix(1);
                if (i + 1 < parts.size())
                    return false;
            }
            if (name.empty())
                return false;
        }
        if (name.find_first_of("{}*") != std::string_view::npos)
            return false;
    }
    const auto names = parameterNames(pattern);
    return std::set<std::string>(names.begin(), names.end()).size() == names.size();
}

void check(const Route& route) {
    const auto unsafe = [&](std::string_view why) {
        throw Error(errors::kInternal, fmt::format("Route {} {} {}.", route.method, route.path, why));
    };
    if (!route.path.starts_with('/'))
        unsafe("does not begin with a slash");
    if (!isWellFormed(route.path))
        unsafe("is not a well-formed pattern");
    if (!route.handler)
        unsafe("has no handler");
    if (!route.permission.declared())
        unsafe("declares no permission");
    const bool changes = route.method != "GET" && route.method != "HEAD";
    if (changes && !route.audit.declared())
        unsafe("changes something and declares no audit action");
    if (route.method != "GET" && route.method != "POST" && route.method != "PUT" &&
        route.method != "DELETE" && route.method != "PATCH")
        unsafe("has an unknown method");
    if (route.webSocket && route.method != "GET")
        unsafe("is a WebSocket and takes another method than GET");
}
} // namespace

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;

void Router::add(std::string_view module, std::vector<Route> routes) {
    for (const Route& route : routes)
        check(route);
    const std::unique_lock lock(mutex_);
    for (Route& route : routes) {
        route.module = module;
        route.counters = std::make_shared<detail::RouteCounters>();
        Node* node = root_.get();
        for (const std::string_view segment : segments(route.path)) {
            std::unique_ptr<Node>* next = nullptr;
            if (isParameter(segment))
                next = segment.ends_with("*}") ? &node->rest : &node->parameter;
            else
                next = &node->literal[std::string(segment)];
            if (!*next)
                *next = std::make_unique<Node>();
            node = next->get();
        }
        if (node->methods.contains(route.method))
            throw Error(errors::kInternal,
                        fmt::format("Route {} {} is already taken.", route.method, route.path));
        const std::string method = route.method;
        node->methods[method] = std::make_shared<const Route>(std::move(route));
    }
}

namespace {
template <typename N, typename F>
void walk(N& node, const F& visit) {
    visit(node);
    for (auto& [name, child] : node.literal)
        walk(*child, visit);
    if (node.parameter)
        walk(*node.parameter, visit);
    if (node.rest)
        walk(*node.rest, visit);
}
} // namespace

void Router::remove(std::string_view module) {
    const std::unique_lock lock(mutex_);
    walk(*root_, [&](Node& node) {
        std::erase_if(node.methods, [&](const auto& entry) { return entry.second->module == module; });
    });
}

/// The node that answers for `parts`: a literal before a parameter before the rest, trying the next where one
/// leads nowhere. `values` are those of the parameters on the way.
const Router::Node* Router::search(const Node& node, std::span<const std::string> parts,
                                   std::vector<std::string>& values) {
    if (parts.empty())
        return node.methods.empty() ? nullptr : &node;
    const std::string& part = parts.front();
    if (const auto literal = node.literal.find(part); literal != node.literal.end())
        if (const Node* found = search(*literal->second, parts.subspan(1), values))
            return found;
    if (node.parameter && !part.empty()) {
        values.push_back(part);
        if (const Node* found = search(*node.parameter, parts.subspan(1), values))
            return found;
        values.pop_back();
    }
    if (!node.rest || node.rest->methods.empty())
        return nullptr;
    values.push_back(fmt::format("{}", fmt::join(parts, "/")));
    return node.rest.get();
}

Router::Match Router::find(std::string_view method, std::string_view path) const {
    Match match;
    if (!path.starts_with('/'))
        return match;
    std::vector<std::string> parts;
    for (const std::string_view segment : segments(path)) {
        auto decoded = decodeSegment(segment);
        if (!decoded)
            return match;
        parts.push_back(std::move(*decoded));
    }
    std::vector<std::string> values;
    const std::shared_lock lock(mutex_);
    const Node* node = search(*root_, parts, values);
    if (node == nullptr)
        return match;
    match.pathExists = true;
    for (const auto& [name, route] : node->methods)
        match.allowed += (match.allowed.empty() ? "" : ", ") + name + (name == "GET" ? ", HEAD" : "");
    const auto found = node->methods.find(method == "HEAD" ? "GET" : method);
    if (found == node->methods.end())
        return match;
    match.route = found->second;
    auto names = parameterNames(match.route->path);
    for (std::size_t i = 0; i < names.size() && i < values.size(); ++i)
        match.parameters.emplace_back(std::move(names[i]), std::move(values[i]));
    return match;
}

std::vector<std::shared_ptr<const Route>> Router::routes() const {
    std::vector<std::shared_ptr<const Route>> all;
    {
        const std::shared_lock lock(mutex_);
        walk(*root_, [&](const Node& node) {
            for (const auto& [method, route] : node.methods)
                all.push_back(route);
        });
    }
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return std::tie(a->path, a->method) < std::tie(b->path, b->method);
    });
    return all;
}

} // namespace core::http
