#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/plugin_step.h"

namespace postgres {

struct Access;

/// What a program said last that is a reason, without its own name.
[[nodiscard]] std::string reasonIn(const agent::plugin::Ended& end);
/// What to do about it; empty if the cause is not known.
[[nodiscard]] std::string hintFor(std::string_view error, const Access& access);
/// "what: reason", with the hint.
[[nodiscard]] agent::plugin::Failure explained(const std::string& what, const agent::plugin::Ended& end,
                                               const Access& access);
/// Whether one database cannot be connected to, and another may be.
[[nodiscard]] bool isAboutDatabase(std::string_view error);
/// Warnings of pg_dump and pg_restore, each with its details in one line.
[[nodiscard]] std::vector<std::string> warningsIn(std::string_view error);
/// Gives the right to read everything.
[[nodiscard]] std::string grantReading(const std::string& user);

} // namespace postgres
