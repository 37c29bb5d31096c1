#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/wire.h"

/// Results of any size: the items of a result (snapshots, files) are lines of JSON that travel beside the
/// status report, in numbered parts. Which kinds have items, and of which type, stands in task_kinds.h.
namespace restic::protocol {

namespace result_limits {
/// Of one item's line.
inline constexpr std::size_t kLineBytes = 65536;
/// Of one part.
inline constexpr std::size_t kPartItems = 1000;
/// Of the lines of one part, as agents make them: in a body they are at most twice as long, which is less
/// than what common proxies let through.
inline constexpr std::size_t kPartBytes = 262144;
/// Of a part's body, as the host takes it.
inline constexpr std::size_t kBodyBytes = 4U << 20U;
/// Of one attempt, whatever a host's settings say.
inline constexpr std::int64_t kItems = 10'000'000;
inline constexpr std::int64_t kBytes = 1LL << 30;
} // namespace result_limits

/// All items of a result, counted: what the final report names, and what the host must hold to take it.
struct ResultItems {
    std::int64_t count = 0;
    /// Of the lines, each with an end of line.
    std::int64_t bytes = 0;
    /// A chain: that of no line is SHA-256 of nothing, each line makes SHA-256 of the digits before and the
    /// line. So either side knows after each line where it stands, and never reads all of them again.
    std::string sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// One more line, without an end of line.
    void add(std::string_view line);
    bool operator==(const ResultItems&) const = default;
};

/// agent → server, `POST /tasks/{id}/result`. Items are numbered from 1 within an attempt, without gaps; what
/// the server has already stored of a part is skipped.
struct ResultPart {
    int attempt = 1;
    std::int64_t firstItem = 1;
    /// One item's JSON each.
    std::vector<std::string> lines;
};

struct ItemProblem {
    std::string pointer;
    std::string message;
};

/// An item that is not of its type: it is counted, and only what is wrong with it is kept.
struct RefusedItem {
    std::int64_t item = 0;
    std::vector<ItemProblem> problems;
};

/// server → agent: the number of the last item that the server has; the agent goes on behind it.
struct ResultAck {
    std::int64_t ackedItem = 0;
    /// Of this part.
    std::vector<RefusedItem> refused;
};

const core::wire::Type& wireType(const ResultItems*);
const core::wire::Type& wireType(const ResultPart*);
const core::wire::Type& wireType(const ItemProblem*);
const core::wire::Type& wireType(const RefusedItem*);
const core::wire::Type& wireType(const ResultAck*);

} // namespace restic::protocol
