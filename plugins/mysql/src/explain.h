#pragma once

#include <string>

#include "settings.h"

namespace mysql {

/// What a client program's end means, for people: its own words, and what to do.
/// `what`: what was tried, as the beginning of a sentence.
[[nodiscard]] Failure explain(const std::string& what, const agent::plugin::Ended& end);

/// The server's error number in what a program wrote; 0 if there is none.
[[nodiscard]] int errorNumber(const std::string& text);

/// What a program wrote without the lines that do not matter.
[[nodiscard]] std::string saidBy(const agent::plugin::Ended& end);

} // namespace mysql
