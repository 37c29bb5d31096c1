// Routes and paths: find() against a matcher that looks at every pattern. The input's lines up to an empty
// one are "METHOD PATTERN", those behind it "METHOD PATH".
#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "core/encoding.h"
#include "fuzz/oracle.h"
#include "http/router.h"

using namespace core::http;
using fuzz::require;

namespace {

enum class Kind { literal, parameter, rest };
struct Segment {
    Kind kind;
    std::string text; ///< the literal or the parameter's name
    bool operator<(const Segment& other) const {
        return kind != other.kind ? kind < other.kind : kind == Kind::literal && text < other.text;
    }
};
using Pattern = std::vector<Segment>;
using Values = std::vector<std::pair<std::string, std::string>>;

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> parts(1);
    for (const char c : path.substr(1)) {
        if (c == '/')
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

Pattern patternOf(const std::string& path) {
    Pattern pattern;
    for (const std::string& part : split(path)) {
        if (part.size() > 2 && part.front() == '{' && part.back() == '}') {
            const bool rest = part[part.size() - 2] == '*';
            pattern.push_back(
                {rest ? Kind::rest : Kind::parameter, part.substr(1, part.size() - (rest ? 3 : 2))});
        } else {
            pattern.push_back({Kind::literal, part});
        }
    }
    return pattern;
}

std::optional<Values> match(const Pattern& pattern, const std::vector<std::string>& parts) {
    Values values;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (i >= parts.size())
            return std::nullopt;
        if (pattern[i].kind == Kind::rest) {
            std::string rest = parts[i];
            for (std::size_t j = i + 1; j < parts.size(); ++j)
                rest += "/" + parts[j];
            values.emplace_back(pattern[i].text, rest);
            return values;
        }
        if (pattern[i].kind == Kind::parameter) {
            if (parts[i].empty())
                return std::nullopt;
            values.emplace_back(pattern[i].text, parts[i]);
        } else if (pattern[i].text != parts[i]) {
            return std::nullopt;
        }
    }
    return pattern.size() == parts.size() ? std::optional(values) : std::nullopt;
}

struct Reference {
    /// By shape: parameters of other names are the same place. Each holds its methods and their patterns.
    std::map<Pattern, std::map<std::string, std::string>> places;

    void check(const std::string& method, const std::string& path, const Router::Match& found) const {
        std::vector<std::string> parts;
        bool isText = path.starts_with('/');
        if (isText)
            for (const std::string& part : split(path)) {
                const auto decoded = core::percentDecode(part);
                isText =
                    isText && decoded && core::isUtf8(*decoded) && decoded->find('\0') == std::string::npos;
                parts.push_back(decoded.value_or(""));
            }
        // The smallest of those that match: literals before parameters before the rest, from the left.
        const std::map<std::string, std::string>* methods = nullptr;
        if (isText)
            for (const auto& [pattern, of] : places)
                if (match(pattern, parts)) {
                    methods = &of;
                    break;
                }
        require(found.pathExists == (methods != nullptr), "the path exists or not");
        if (methods == nullptr) {
            require(!found.route && found.parameters.empty(), "no route where there is no path");
            return;
        }
        for (const auto& [name, pattern] : *methods)
            require(found.allowed.find(name) != std::string::npos, "all methods are allowed");
        const auto route = methods->find(method == "HEAD" ? "GET" : method);
        require((route != methods->end()) == (found.route != nullptr), "a route for the method or not");
        if (!found.route)
            return;
        require(found.route->path == route->second, "the route that fits best");
        require(found.parameters == *match(patternOf(route->second), parts), "its parameters");
    }
};

bool add(Router& router, const std::string& method, const std::string& path) {
    Route route{.method = method, .path = path, .summary = "", .permission = Permission::open()};
    route.audit = Audit::exempt("a test");
    route.handler = [](Request&) -> Outcome { return Response::empty(); };
    try {
        router.add("fuzz", {route});
        return true;
    } catch (const core::Error&) {
        return false;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    Router router;
    Reference reference;
    bool paths = false;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (line.empty()) {
            paths = true;
            continue;
        }
        const auto blank = line.find(' ');
        const std::string method(line.substr(0, blank));
        const std::string path(blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1));
        if (paths)
            reference.check(method, path, router.find(method, path));
        else if (add(router, method, path))
            require(reference.places[patternOf(path)].emplace(method, path).second,
                    "a taken place is refused");
    }
    router.remove("fuzz");
    require(router.routes().empty() && !router.find("GET", "/").pathExists, "nothing is left");
    return 0;
}
