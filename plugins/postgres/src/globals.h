#pragma once

#include <set>
#include <string>
#include <vector>

#include "server.h"

/// Roles and tablespaces: pg_dumpall --globals-only.
namespace postgres {

void dumpGlobals(Server& server);
void restoreGlobals(const agent::plugin::Step& step);
/// The whole dump from the stream. Throws Failure if it is not complete.
[[nodiscard]] std::string globalsScript(const agent::plugin::Step& step);
/// The script without the commands of psql that pg_dumpall writes. Throws Failure if it holds others: they
/// could run programs.
[[nodiscard]] std::string withoutCommands(const std::string& script);
/// The script without what it says of roles that exist: their attributes and passwords stay as they are.
/// Their memberships and settings are added.
[[nodiscard]] std::string withoutRoles(const std::string& script, const std::set<std::string>& roles);
/// Errors in psql's output other than those about what exists already.
[[nodiscard]] std::vector<std::string> errorsIn(const std::string& error);

} // namespace postgres
