#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace docker {

/// What is done to a container while files that it uses are read. The more thorough one is the greater.
enum class How { live, pause, stop };

[[nodiscard]] std::optional<How> readHow(std::string_view text);
/// "pause"
[[nodiscard]] const char* nameOf(How how);

/// A label's list: a JSON array of texts, or names parted by commas. nullopt: it is neither.
[[nodiscard]] std::optional<std::vector<std::string>> readList(const std::string& text);
/// A JSON array of texts, of which there is at least one. nullopt: it is none.
[[nodiscard]] std::optional<std::vector<std::string>> readProgram(const std::string& text);

} // namespace docker
