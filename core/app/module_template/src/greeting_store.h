#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/http/page.h"
#include "core/time.h"
#include "core/uuid.h"

namespace hello {

struct Greeting {
    core::Uuid id;
    std::string text;
    core::Instant createdAt;
};

/// The table hello_greetings. Every statement names its tenant.
class GreetingStore {
public:
    static void insert(core::db::Transaction& tx, const Greeting& greeting);
    /// Newest first, one more than `limit` if there are more; from the cursor on.
    static std::vector<Greeting> list(core::db::Transaction& tx,
                                      const std::optional<core::http::Cursor>& after, int limit);
    /// Of all tenants; returns how many there were.
    static std::int64_t eraseBefore(core::db::Transaction& tx, core::Instant limit);
};

} // namespace hello
