#include "labels.h"

#include <nlohmann/json.hpp>

namespace docker {
namespace {
std::optional<std::vector<std::string>> readArray(const std::string& text) {
    const auto document = nlohmann::json::parse(text, nullptr, false);
    if (!document.is_array())
        return std::nullopt;
    std::vector<std::string> out;
    for (const auto& one : document) {
        if (!one.is_string() || one.get<std::string>().find('\0') != std::string::npos)
            return std::nullopt;
        out.push_back(one.get<std::string>());
    }
    return out;
}
} // namespace

std::optional<How> readHow(std::string_view text) {
    for (const auto how : {How::live, How::pause, How::stop})
        if (text == nameOf(how))
            return how;
    return std::nullopt;
}

const char* nameOf(How how) {
    return how == How::stop ? "stop" : how == How::pause ? "pause" : "live";
}

std::optional<std::vector<std::string>> readList(const std::string& text) {
    if (text.find_first_not_of(" \t") != std::string::npos && text[text.find_first_not_of(" \t")] == '[')
        return readArray(text);
    std::vector<std::string> out;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto comma = std::min(text.find(',', begin), text.size());
        const auto first = text.find_first_not_of(" \t", begin);
        if (first < comma)
            out.push_back(text.substr(first, text.find_last_not_of(" \t", comma - 1) - first + 1));
        begin = comma + 1;
    }
    return out;
}

std::optional<std::vector<std::string>> readProgram(const std::string& text) {
    auto out = readArray(text);
    if (!out || out->empty() || out->front().empty())
        return std::nullopt;
    return out;
}

} // namespace docker
