#include "field_rules.h"

#include <algorithm>
#include <string_view>

#include "core/text.h"
#include "core/wire.h"
#include "restic/protocol/names.h"
#include "restic/protocol/password_rule.h"
#include "restic/protocol/repository_kinds.h"
#include "restic/protocol/task_kinds.h"
#include "restic/protocol/task_state.h"

namespace restic {
namespace {

bool hasControl(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool hasBlankAround(std::string_view text) {
    return !text.empty() && protocol::changesInFile(text);
}

/// One step of a character class: skips one character, which may be escaped. False if it is none.
bool skipClassCharacter(std::string_view part, std::size_t& at) {
    if (at >= part.size() || part[at] == '-' || part[at] == ']')
        return false;
    if (part[at] == '\\' && ++at >= part.size())
        return false;
    ++at;
    while (at < part.size() && (static_cast<unsigned char>(part[at]) & 0xc0U) == 0x80U)
        ++at; // the rest of a character of several bytes
    return at < part.size();
}

bool skipClass(std::string_view part, std::size_t& at) {
    if (at < part.size() && part[at] == '^')
        ++at;
    for (bool first = true;; first = false) {
        if (at < part.size() && part[at] == ']' && !first) {
            ++at;
            return true;
        }
        if (!skipClassCharacter(part, at))
            return false;
        if (part[at] == '-' && !skipClassCharacter(part, ++at))
            return false;
    }
}

/// The grammar of Go's filepath.Match, by which restic judges each part between slashes.
bool isWellFormed(std::string_view part) {
    for (std::size_t at = 0; at < part.size();) {
        const char c = part[at++];
        if (c == '\\' && at++ >= part.size())
            return false;
        if (c == '[' && !skipClass(part, at))
            return false;
    }
    return true;
}

/// The pattern without its escaped characters and character classes: what is left means what a person would
/// think.
std::string bare(std::string_view pattern) {
    std::string out;
    for (std::size_t at = 0; at < pattern.size();) {
        const char c = pattern[at++];
        if (c == '\\')
            ++at;
        else if (c == '[')
            skipClass(pattern, at);
        else
            out += c;
    }
    return out;
}

bool isBraceList(std::string_view text) {
    const auto open = text.find('{');
    const auto close = text.find('}', open == std::string_view::npos ? text.size() : open);
    return close != std::string_view::npos &&
           text.substr(open, close - open).find(',') != std::string_view::npos;
}

/// "*.tmp,*.log": each part looks like a pattern of its own.
bool isCommaList(std::string_view text) {
    std::size_t parts = 0;
    while (true) {
        const auto comma = text.find(',');
        auto part = text.substr(0, comma);
        while (part.starts_with(' '))
            part.remove_prefix(1);
        if (part.empty() || std::string_view("*/.?").find(part.front()) == std::string_view::npos)
            return false;
        ++parts;
        if (comma == std::string_view::npos)
            return parts > 1;
        text.remove_prefix(comma + 1);
    }
}

bool isShellVariable(std::string_view text) {
    if (text.find("${") != std::string_view::npos)
        return true;
    for (const std::string_view name : {"$HOME", "$USER", "$LOGNAME", "$PWD", "$TMPDIR"})
        if (const auto at = text.find(name); at != std::string_view::npos) {
            const auto next = at + name.size();
            if (next == text.size() || text[next] == '/')
                return true;
        }
    return text == "~" || text.starts_with("~/");
}

} // namespace

std::optional<std::string> checkTag(const std::string& tag) {
    return protocol::checkTag(tag);
}

std::optional<std::string> checkAbsolute(const std::string& path) {
    if (path.empty() || path.front() != '/')
        return "must be an absolute path";
    if (path.find('\n') != std::string::npos)
        return "must not contain a line break";
    if (hasControl(path))
        return "must not contain control characters";
    return std::nullopt;
}

std::string requireHostname(const std::string& text) {
    const auto name = protocol::normalHostName(text);
    if (!name)
        throw core::wire::validationError(
            {{"/hostname", "must be a host name: letters, digits, \"-\" and \"_\", parts separated by dots, "
                           "at most 63 characters each"}});
    return *name;
}

std::vector<core::Problem> problemsOfEnvironment(const std::map<std::string, std::string>& environment) {
    std::vector<core::Problem> problems;
    for (const auto& [name, value] : environment) {
        const auto kind = protocol::environmentName(name);
        const auto pointer = "/environment_vars/" + name;
        if (kind == protocol::EnvironmentName::refused)
            problems.push_back({pointer, "is not a variable that a repository may set"});
        else if (kind == protocol::EnvironmentName::secret)
            problems.push_back(
                {pointer, "is a secret: environment_vars can be read by everybody of the tenant"});
        else if (protocol::hasCredentials(value))
            problems.push_back({pointer, "must not contain a password"});
        else if (value.find_first_of("\r\n") != std::string::npos)
            problems.push_back({pointer, "must not contain a line break"});
    }
    return problems;
}

namespace {
void judge(const core::json::Value& value, const std::string& name, const std::string& pointer,
           const std::vector<std::string>& kept, std::vector<core::Problem>& problems) {
    if (protocol::isSecretName(name)) {
        const auto* reference = value.object() != nullptr ? value.find("vault") : nullptr;
        const auto* place = reference != nullptr ? reference->string() : nullptr;
        if (place == nullptr || value.object()->members().size() != 1 ||
            std::find(kept.begin(), kept.end(), *place) == kept.end())
            problems.push_back(
                {pointer, "is a secret: give " + name + "_file, the path of a file on the agent"});
        return;
    }
    if (const auto* text = value.string()) {
        if (protocol::hasCredentials(*text))
            problems.push_back({pointer, "must not contain a password"});
        else if (protocol::isSecretName(name.substr(0, name.rfind("_file"))) && name.ends_with("_file") &&
                 checkAbsolute(*text))
            problems.push_back({pointer, *checkAbsolute(*text)});
    } else if (const auto* object = value.object()) {
        for (const auto& [key, inner] : object->members())
            judge(inner, key, pointer + "/" + key, kept, problems);
    } else if (const auto* array = value.array()) {
        for (std::size_t i = 0; i < array->size(); ++i)
            judge((*array)[i], name, pointer + "/" + std::to_string(i), kept, problems);
    }
}
} // namespace

std::vector<core::Problem> problemsOfPluginSettings(const core::json::Object& settings,
                                                    const std::string& pointer,
                                                    const std::vector<std::string>& kept) {
    std::vector<core::Problem> problems;
    for (const auto& [name, value] : settings.members())
        judge(value, name, pointer + "/" + name, kept, problems);
    return problems;
}

std::optional<std::string> checkHookName(const std::string& name) {
    constexpr std::string_view kTaken = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (name.starts_with('.') || name.starts_with('-') || name.find_first_not_of(kTaken) != std::string::npos)
        return "must be the name of a file of letters, digits, '.', '_' and '-', not beginning with '.' or "
               "'-'";
    return std::nullopt;
}

std::optional<std::string> checkPattern(const std::string& pattern) {
    if (hasControl(pattern))
        return "must not contain control characters";
    if (hasBlankAround(pattern))
        return "must not begin or end with white space, which would be part of the file's name";
    std::string_view rest = pattern;
    if (rest.starts_with('!'))
        rest.remove_prefix(1);
    if (rest.empty())
        return "must not be empty";
    if (rest.starts_with("./") || rest.starts_with("../"))
        return "begins with ./ or ../, which no path that is backed up does: write the path out";
    const auto plain = bare(rest);
    while (!rest.empty()) {
        const auto slash = rest.find('/');
        if (!isWellFormed(rest.substr(0, slash)))
            return "is no pattern: it has an open [ or ends with a backslash; write \\[ or \\\\ for the "
                   "character itself";
        rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
    }
    if (isCommaList(plain))
        return "is one pattern and not a list: restic would look for a file with commas in its name. Give "
               "each "
               "pattern as one of its own";
    if (isBraceList(plain))
        return "has braces, which restic takes as they are: give each alternative as a pattern of its own, "
               "or write "
               "\\{ for the character itself";
    if (isShellVariable(plain))
        return "has a variable or ~, which restic takes as it is: write the path out, or \\$ for the "
               "character itself";
    return std::nullopt;
}

const std::vector<std::string>& repositoryTypes() {
    static const std::vector<std::string> types = [] {
        std::vector<std::string> names;
        for (const auto* kind : protocol::repositoryKinds())
            names.push_back(kind->name);
        return names;
    }();
    return types;
}

std::vector<const core::wire::Type& (*)()> resultTypes() {
    std::vector<const core::wire::Type& (*)()> types;
    for (const auto* kind : protocol::allKinds()) // two may have the same
        if (std::find(types.begin(), types.end(), kind->result) == types.end())
            types.push_back(kind->result);
    return types;
}

std::vector<const core::wire::Type& (*)()> itemTypes() {
    std::vector<const core::wire::Type& (*)()> types;
    for (const auto* kind : protocol::allKinds())
        if (kind->item != nullptr)
            types.push_back(kind->item);
    return types;
}

const std::vector<std::string>& taskStates() {
    static const std::vector<std::string> states = [] {
        std::vector<std::string> all;
        all.reserve(std::size(protocol::kAllTaskStates));
        for (const auto state : protocol::kAllTaskStates)
            all.emplace_back(protocol::toText(state));
        return all;
    }();
    return states;
}

} // namespace restic
