#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"

/// What fields of several wire types must satisfy. For core::wire::Rules::check and ::oneOf.
namespace restic::api {

/// restic separates tags by commas.
std::optional<std::string> checkNoComma(const std::string& tag);
/// A path on an agent.
std::optional<std::string> checkAbsolute(const std::string& path);
/// The form in which a host name is kept. Throws core::Error(kValidation), naming /hostname.
std::string requireHostname(const std::string& text);
/// The kinds of repositories that agents can work with.
const std::vector<std::string>& repositoryTypes();
/// The names of all task states.
const std::vector<std::string>& taskStates();

/// What is wrong with a repository's environment: names that are not on the list, secrets, values that restic
/// would read as several.
std::vector<core::Problem> problemsOfEnvironment(const std::map<std::string, std::string>& environment);
/// What is wrong with a plugin's settings: they hold no secret, only the path of a file on the agent
/// (password_file) or a reference to the vault ({"vault": NAME}, for a NAME in `kept`).
std::vector<core::Problem> problemsOfPluginSettings(const core::json::Object& settings,
                                                    const std::string& pointer,
                                                    const std::vector<std::string>& kept);

} // namespace restic::api
