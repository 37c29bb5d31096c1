#include "restic/cli/output_lines.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "restic/cli/json_message.h"

namespace restic::cli {
namespace {
constexpr std::size_t kLogged = 1024;

/// Of "[0:03] 45.00%  9 / 20 packs".
std::optional<double> percentOf(std::string_view line) {
    const auto close = line.find("] ");
    if (line.size() < 2 || line[0] != '[' || std::isdigit(static_cast<unsigned char>(line[1])) == 0 ||
        close == std::string_view::npos)
        return std::nullopt;
    double percent = 0;
    const auto number = line.substr(std::min(line.find_first_not_of(' ', close + 1), line.size()));
    const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), percent);
    if (code != std::errc{} || end == number.data() + number.size() || *end != '%')
        return std::nullopt;
    return std::clamp(percent, 0.0, 100.0);
}
} // namespace

std::optional<OutputLines::Said> OutputLines::output(std::string_view line) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos)
        return std::nullopt;
    if (const auto percent = percentOf(line))
        return Said{core::LogLevel::debug, {}, percent};
    if (line.front() == '[')
        return std::nullopt; // a list is read from the file
    if (line.front() == '{') {
        if (const auto document = json::read(line); document && document->object() != nullptr)
            work_.message(*document);
        return std::nullopt;
    }
    auto text = plainLine(line.substr(0, kLogged));
    work_.text(text);
    return Said{core::LogLevel::info, std::move(text), std::nullopt};
}

std::optional<OutputLines::Said> OutputLines::error(std::string_view line) {
    Said said{core::LogLevel::warn, {}, std::nullopt};
    if (const auto document = json::read(line); document && document->object() != nullptr) {
        if (document->stringOr("message_type") == "exit_error") {
            errors_.append(document->stringOr("message"));
            said.text = plainLine(document->stringOr("message"));
            said.level = core::LogLevel::error;
        } else {
            work_.message(*document);
            const auto* error = document->find("error");
            said.text =
                plainLine(document->stringOr("message", error != nullptr ? error->stringOr("message") : ""));
        }
    } else {
        said.text = plainLine(line);
        errors_.append(said.text);
        work_.errorText(said.text);
        if (said.text.starts_with("Fatal:"))
            said.level = core::LogLevel::error;
    }
    said.text.resize(std::min(said.text.size(), kLogged));
    return said.text.empty() ? std::nullopt : std::optional(std::move(said));
}

} // namespace restic::cli
