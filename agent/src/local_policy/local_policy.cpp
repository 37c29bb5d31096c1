#include "local_policy/local_policy.h"

#include <algorithm>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "config/config.h"
#include "core/file_owner.h"
#include "core/text.h"

namespace agent {
namespace {
core::json::Value listOf(const std::vector<std::string>& names) {
    core::json::Array out;
    for (const auto& name : names)
        out.emplace_back(name);
    return out;
}

/// Where a path leads, links in it followed; a link at its end is saved as one, and not followed.
std::filesystem::path place(const std::string& text) {
    auto path = std::filesystem::path(text).lexically_normal();
    const bool follows = !path.has_filename();
    if (follows)
        path = path.parent_path();
    std::error_code code;
    const auto name = path.filename();
    const auto found = std::filesystem::weakly_canonical(follows ? path : path.parent_path(), code);
    return code ? path : follows ? found : found / name;
}

bool isBelow(const std::string& path, const std::vector<std::string>& folders) {
    const auto at = place(path);
    return std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
        const auto relative = at.lexically_relative(place(folder + "/"));
        return !relative.empty() && *relative.begin() != "..";
    });
}

constexpr auto kNoRestores = "The machine's local policy allows no restores";

std::string listed(const std::vector<std::string>& folders) {
    std::string out;
    for (const auto& folder : folders)
        out += (out.empty() ? "" : ", ") + folder;
    return out.empty() ? "none" : out;
}

class Reader {
public:
    explicit Reader(const std::filesystem::path& file) : file_(file) {}

    LocalPolicy read() const {
        LocalPolicy policy;
        YAML::Node root;
        try {
            root = YAML::LoadFile(file_.string());
        } catch (const YAML::Exception& error) {
            throw core::Error(errors::kConfig,
                              fmt::format("{}, line {}: this is not well-formed YAML", file_.string(),
                                          error.mark.is_null() ? 1 : error.mark.line + 1));
        }
        if (root.IsNull())
            return policy;
        if (!root.IsMap())
            fail(root, "the file", "must be a mapping of keys to values");
        for (const auto& entry : root) {
            const auto key = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
            if (key == "paths")
                policy.paths = folders(entry.second, key);
            else if (key == "restore_paths")
                policy.restorePaths = folders(entry.second, key);
            else if (key == "restores")
                policy.restores = flag(entry.second, key);
            else if (key == "restore_tests")
                policy.restoreTests = flag(entry.second, key);
            else if (key == "hooks")
                policy.hooks = flag(entry.second, key);
            else if (key == "plugins")
                policy.plugins = plugins(entry.second);
            else
                fail(
                    entry.first, key,
                    "is not a rule; there are paths, restore_paths, restores, restore_tests, hooks, plugins");
        }
        return policy;
    }

private:
    [[noreturn]] void fail(const YAML::Node& at, const std::string& key, const std::string& what) const {
        throw core::Error(errors::kConfig,
                          fmt::format("{}, line {}: {} {}", file_.string(), at.Mark().line + 1, key, what));
    }

    bool flag(const YAML::Node& node, const std::string& key) const {
        if (!node.IsScalar() || (node.Scalar() != "true" && node.Scalar() != "false"))
            fail(node, key, "must be true or false");
        return node.Scalar() == "true";
    }

    std::vector<std::string> names(const YAML::Node& node, const std::string& key) const {
        std::vector<std::string> out;
        if (!node.IsSequence())
            fail(node, key, "must be a list");
        for (const auto& item : node) {
            if (!item.IsScalar() || item.Scalar().empty())
                fail(item, key, "must be a list of texts");
            out.push_back(item.Scalar());
        }
        return out;
    }

    std::vector<std::string> folders(const YAML::Node& node, const std::string& key) const {
        auto out = names(node, key);
        for (const auto& folder : out)
            if (!folder.starts_with('/'))
                fail(node, key, "must be absolute paths");
        return out;
    }

    std::optional<std::vector<std::string>> plugins(const YAML::Node& node) const {
        if (node.IsScalar())
            return flag(node, "plugins") ? std::nullopt : std::optional(std::vector<std::string>());
        return names(node, "plugins");
    }

    std::filesystem::path file_;
};
} // namespace

bool LocalPolicy::allowsPath(const std::string& path) const {
    return !paths || isBelow(path, *paths);
}

bool LocalPolicy::allowsPlugin(const std::string& name) const {
    return !plugins || std::find(plugins->begin(), plugins->end(), name) != plugins->end();
}

std::optional<std::string> LocalPolicy::whyNoRestoreTo(const std::string& folder) const {
    if (!restores)
        return kNoRestores;
    // A link at its end is followed: what is restored goes into it.
    const auto at = folder.ends_with('/') ? folder : folder + "/";
    if (restorePaths)
        return isBelow(at, *restorePaths)
                   ? std::nullopt
                   : std::optional("The machine's local policy allows no restore to " +
                                   core::printable(folder) + "; it names " + listed(*restorePaths));
    static const std::vector<std::string> system{"/bin",   "/boot",  "/dev",    "/etc",  "/lib",
                                                 "/lib32", "/lib64", "/libx32", "/proc", "/run",
                                                 "/sbin",  "/sys",   "/usr"};
    if (place(at) == "/" || isBelow(at, system))
        return "Nothing is restored to " + core::printable(folder) +
               ", a folder of the system, unless restore_paths of the machine's local policy names it";
    return std::nullopt;
}

std::optional<std::string> LocalPolicy::whyNoRestoreInPlace(const std::string& path) const {
    if (!restores)
        return kNoRestores;
    if (restorePaths && isBelow(path, *restorePaths))
        return std::nullopt;
    return core::printable(path) +
           " is not restored where it was, unless restore_paths of the machine's local "
           "policy names its place";
}

bool LocalPolicy::forbidsAnything() const {
    return paths || restorePaths || plugins || !restores || !restoreTests || !hooks;
}

core::json::Object LocalPolicy::document() const {
    core::json::Object out;
    if (paths)
        out.set("paths", listOf(*paths));
    if (restorePaths)
        out.set("restore_paths", listOf(*restorePaths));
    if (plugins)
        out.set("plugins", listOf(*plugins));
    if (!restores)
        out.set("restores", false);
    if (!restoreTests)
        out.set("restore_tests", false);
    if (!hooks)
        out.set("hooks", false);
    return out;
}

LocalPolicy readLocalPolicy(const std::filesystem::path& file) {
    std::error_code code;
    if (!std::filesystem::exists(std::filesystem::symlink_status(file, code)))
        return {};
    if (const auto problem = core::ownerProblem(file))
        throw core::Error(errors::kConfig, file.string() + " " + *problem);
    return Reader(file).read();
}

} // namespace agent
