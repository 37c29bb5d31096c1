#include "module/web_page.h"

#include <filesystem>

namespace core::module {

namespace {

bool smallLetterOrDigit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

std::optional<std::string> checkPath(const std::string& text) {
    bool dash = true;
    for (const char c : text) {
        if (!smallLetterOrDigit(c) && (c != '-' || dash))
            return "must consist of a-z, 0-9 and single - between them";
        dash = c == '-';
    }
    return dash ? std::optional<std::string>("must not end with -") : std::nullopt;
}

/// A file in the web folder: no way out of it, and nothing that an address would have to encode.
std::optional<std::string> checkFile(const std::string& text) {
    char before = '/';
    for (const char c : text) {
        const bool plain =
            smallLetterOrDigit(c) || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.' || c == '/';
        if (!plain || (before == '/' && (c == '.' || c == '/')))
            return "must name a file in the module's web folder, like pages/list.js";
        before = c;
    }
    return std::nullopt;
}

std::optional<std::string> checkEntry(const std::string& text) {
    const auto ending = std::filesystem::path(text).extension();
    if (ending != ".js" && ending != ".mjs")
        return "must end with .js or .mjs";
    return checkFile(text);
}

std::optional<std::string> checkIcon(const std::string& text) {
    const auto ending = std::filesystem::path(text).extension();
    if (ending != ".svg" && ending != ".png")
        return "must end with .svg or .png";
    return checkFile(text);
}

} // namespace

const wire::Type& wireType(const PageTitle*) {
    static const auto type = wire::object<PageTitle>("PageTitle", wire::strict)
                                 .field("en", &PageTitle::en, {.minLength = 1, .maxLength = 40})
                                 .field("de", &PageTitle::de, {.minLength = 1, .maxLength = 40})
                                 .build();
    return type;
}

const wire::Type& wireType(const WebPage*) {
    static const auto type =
        wire::object<WebPage>("ManifestPage", wire::strict)
            .field("path", &WebPage::path, {.minLength = 1, .maxLength = 64, .check = checkPath})
            .field("title", &WebPage::title)
            .field("icon", &WebPage::icon, {.maxLength = 200, .check = checkIcon})
            .field("entry", &WebPage::entry, {.maxLength = 200, .check = checkEntry})
            .field("role", &WebPage::role, {.oneOf = {"viewer", "operator", "admin"}})
            .field("order", &WebPage::order, {.optional = true, .min = 0, .max = 1000})
            .build();
    return type;
}

} // namespace core::module
