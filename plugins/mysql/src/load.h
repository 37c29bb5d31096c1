#pragma once

#include <set>
#include <string>

#include "load_filter.h"
#include "relay.h"
#include "server.h"

namespace mysql {

/// What was found in a dump while it was loaded.
struct Loaded {
    std::set<std::string> definers;
    bool hadGtids = false;
};

/// Loads a dump from `from` to its end into the database, which exists. `seen`: each piece of it, before any
/// change. Failure if the server refuses a statement, or if the dump is cut off.
Loaded load(const Step& step, const Server& server, const std::string& database, int from,
            const LoadChanges& changes, const std::string& what,
            const std::function<void(std::string_view)>& seen = {});

/// The clause for CREATE DATABASE that an item's character set and collation make; empty if it has none.
[[nodiscard]] std::string charsetClause(const Json& item);

} // namespace mysql
