#include "core/template_folder.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>

#include <fmt/format.h>

namespace core {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLongestName = 32;

/// Namespaces and modules of this project, targets that every build has, and what C++ keeps for itself.
const std::set<std::string, std::less<>>& reservedNames() {
    static const std::set<std::string, std::less<>> kReserved{
        "core",     "base",      "restic",    "agent",     "plugins",   "std",      "testing",   "test",
        "all",      "clean",     "help",      "install",   "package",   "alignas",  "alignof",   "and",
        "and_eq",   "asm",       "auto",      "bitand",    "bitor",     "bool",     "break",     "case",
        "catch",    "char",      "char8_t",   "char16_t",  "char32_t",  "class",    "compl",     "concept",
        "const",    "consteval", "constexpr", "constinit", "continue",  "co_await", "co_return", "co_yield",
        "decltype", "default",   "delete",    "do",        "double",    "else",     "enum",      "explicit",
        "export",   "extern",    "false",     "float",     "for",       "friend",   "goto",      "if",
        "inline",   "int",       "long",      "mutable",   "namespace", "new",      "noexcept",  "not",
        "not_eq",   "nullptr",   "operator",  "or",        "or_eq",     "private",  "protected", "public",
        "register", "requires",  "return",    "short",     "signed",    "sizeof",   "static",    "struct",
        "switch",   "template",  "this",      "throw",     "true",      "try",      "typedef",   "typeid",
        "typename", "union",     "unsigned",  "using",     "virtual",   "void",     "volatile",  "wchar_t",
        "while",    "xor",       "xor_eq"};
    return kReserved;
}

std::string pascalCase(std::string_view name) {
    std::string text;
    bool capital = true;
    for (const char c : name) {
        if (c != '_')
            text += capital && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        capital = c == '_';
    }
    return text;
}

std::string renamed(std::string text, const std::string& name) {
    const std::array<std::pair<std::string_view, std::string>, 2> words{
        {{"hello", name}, {"Hello", pascalCase(name)}}};
    for (const auto& [from, to] : words)
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
            text.replace(at, from.size(), to);
    return text;
}

[[noreturn]] void fail(const std::string& message) {
    throw Error(kTemplateFailed, message);
}

void writeFile(const fs::path& from, const fs::path& to, const std::string& name) {
    std::ifstream in(from, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    fs::create_directories(to.parent_path());
    std::ofstream out(to, std::ios::binary);
    out << renamed(text, name) << std::flush;
    if (!in || !out)
        fail(fmt::format("The file {} cannot be written; check the folder's rights and its free space.",
                         to.string()));
}

} // namespace

std::optional<std::string> judgeTemplateName(const std::string& kind, const std::string& name) {
    const bool begins = !name.empty() && name.front() >= 'a' && name.front() <= 'z';
    const bool consists = std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (!begins || !consists || name.size() > kLongestName || name.ends_with('_') ||
        name.find("__") != std::string::npos)
        return fmt::format("\"{}\" is no name for a {}: it begins with a letter, consists of a-z, 0-9 and "
                           "single _ between them, and has {} characters at most, like stock_list.",
                           name, kind, kLongestName);
    if (reservedNames().contains(name))
        return fmt::format("\"{}\" cannot be the name of a {}: the project, CMake or C++ uses it; choose "
                           "another.",
                           name, kind);
    return std::nullopt;
}

std::vector<fs::path> writeTemplate(const fs::path& source, const std::string& name, const fs::path& folder) {
    if (!fs::is_directory(source))
        fail(fmt::format("The template {} is not there; install it with: cmake --install BUILD --prefix "
                         "PREFIX --component sdk",
                         source.string()));
    std::error_code code;
    const auto status = fs::status(folder, code);
    if (fs::exists(status) && (!fs::is_directory(status) || !fs::is_empty(folder, code)))
        fail(fmt::format("{} exists already and is {}; name a new folder.", folder.string(),
                         fs::is_directory(status) ? "not empty" : "no folder"));
    fs::create_directories(folder, code);
    if (code)
        fail(fmt::format("The folder {} cannot be made: {}.", folder.string(), code.message()));
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(source)) {
        if (!entry.is_regular_file())
            continue;
        const fs::path file = renamed(fs::relative(entry.path(), source).string(), name);
        writeFile(entry.path(), folder / file, name);
        files.push_back(file);
    }
    std::sort(files.begin(), files.end());
    return files;
}

} // namespace core
