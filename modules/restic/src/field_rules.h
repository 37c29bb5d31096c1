#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "core/wire.h"

/// What fields of several wire types must satisfy. For core::wire::Rules::check and ::oneOf.
namespace restic {

/// A tag as restic would keep it: no commas, no white space around it, and not one of those by which a
/// snapshot is known to be ours (policy:, task:).
std::optional<std::string> checkTag(const std::string& tag);
/// A path on an agent.
std::optional<std::string> checkAbsolute(const std::string& path);
/// The form in which a host name is kept. Throws core::Error(kValidation), naming /hostname.
std::string requireHostname(const std::string& text);
/// An exclude pattern that restic takes and that can exclude something: well-formed, one pattern and not a
/// list, and nothing that only a shell would expand.
std::optional<std::string> checkPattern(const std::string& pattern);
/// The name of a program in an agent's folder of hooks; empty for none.
std::optional<std::string> checkHookName(const std::string& name);
/// The kinds of repositories that agents can work with.
const std::vector<std::string>& repositoryTypes();
/// The names of all task states.
const std::vector<std::string>& taskStates();
/// The types of the results of all kinds, for whatever holds one of them.
std::vector<const core::wire::Type& (*)()> resultTypes();
/// Those of the items of results.
std::vector<const core::wire::Type& (*)()> itemTypes();

/// What is wrong with a repository's environment: names that are not on the list, secrets, values that restic
/// would read as several.
std::vector<core::Problem> problemsOfEnvironment(const std::map<std::string, std::string>& environment);
/// What is wrong with a plugin's settings: they hold no secret, only the path of a file on the agent
/// (password_file) or a reference to the vault ({"vault": NAME}, for a NAME in `kept`).
std::vector<core::Problem> problemsOfPluginSettings(const core::json::Object& settings,
                                                    const std::string& pointer,
                                                    const std::vector<std::string>& kept);

} // namespace restic
