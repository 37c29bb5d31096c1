#pragma once

#include <optional>
#include <string>
#include <vector>

/// What fields of several wire types must satisfy. For core::wire::Rules::check and ::oneOf.
namespace restic::api {

/// restic separates tags by commas.
std::optional<std::string> checkNoComma(const std::string& tag);
/// A path on an agent.
std::optional<std::string> checkAbsolute(const std::string& path);
/// The kinds of repositories that agents can work with.
const std::vector<std::string>& repositoryTypes();
/// The names of all task states.
const std::vector<std::string>& taskStates();

} // namespace restic::api
