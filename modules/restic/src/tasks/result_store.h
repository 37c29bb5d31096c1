#pragma once

#include <optional>
#include <vector>

#include "core/db/database.h"
#include "core/json.h"
#include "core/time.h"
#include "core/uuid.h"
#include "restic/protocol/result_items.h"

namespace restic {

/// What the host holds of an attempt's items.
struct HeldItems {
    protocol::ResultItems items;
    /// So many of them are not of their type: only what is wrong with them is kept.
    std::int64_t refused = 0;
};

/// Items of results, a part of them each row.
class ResultStore {
public:
    /// Of one answer.
    static constexpr std::size_t kMostAnswered = 1U << 20U;

    /// An item or what is wrong with it.
    struct Item {
        std::int64_t number = 0;
        core::json::Value value;    ///< null where it was refused
        core::json::Value problems; ///< null where it was not
    };

    /// Of one attempt; nothing is held of one that is not known.
    static HeldItems held(core::db::Transaction& tx, const core::Uuid& task, int attempt);
    /// Stores items that stand behind those that are held; `nowHeld` counts them in.
    static void append(core::db::Transaction& tx, const core::Uuid& task, int attempt,
                       const std::vector<Item>& items, const HeldItems& nowHeld, core::Instant now);
    /// Those of all attempts.
    static void erase(core::db::Transaction& tx, const core::Uuid& task);

    struct Page {
        std::vector<Item> items;
        bool more = false;
    };
    /// Items of the attempt behind that number; at most `limit`, and about kMostAnswered bytes.
    static Page read(core::db::Transaction& tx, const core::Uuid& task, int attempt, std::int64_t after,
                     int limit);
};

} // namespace restic
