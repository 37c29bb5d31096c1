#include "restic/protocol/result_items.h"

#include "core/encoding.h"

namespace restic::protocol {
using core::wire::object;
using core::wire::tolerant;
using core::wire::Type;

namespace {
std::optional<std::string> checkDigest(const std::string& text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos
               ? std::nullopt
               : std::optional<std::string>("must be 64 hexadecimal digits");
}
} // namespace

void ResultItems::add(std::string_view line) {
    ++count;
    bytes += static_cast<std::int64_t>(line.size()) + 1;
    sha256 = core::hexEncode(core::sha256(sha256 + std::string(line)));
}

const Type& wireType(const ResultItems*) {
    static const auto type =
        object<ResultItems>("TaskResultItems", tolerant, "All items of a result, counted")
            .field("count", &ResultItems::count, {.min = 0, .max = result_limits::kItems})
            .field("bytes", &ResultItems::bytes,
                   {.doc = "Of the lines, each with an end of line", .min = 0, .max = result_limits::kBytes})
            .field("sha256", &ResultItems::sha256,
                   {.doc = "A chain: of no line SHA-256 of nothing, with each line SHA-256 of the digits "
                           "before and the line",
                    .check = checkDigest})
            .build();
    return type;
}

const Type& wireType(const ResultPart*) {
    static const auto type =
        object<ResultPart>("TaskResultPart", tolerant, "Numbered items of one attempt's result")
            .field("attempt", &ResultPart::attempt, {.min = 1})
            .field("first_item", &ResultPart::firstItem, {.min = 1, .max = result_limits::kItems})
            .field("lines", &ResultPart::lines,
                   {.doc = "An item each, as JSON on one line, of the type that the task's kind declares",
                    .maxLength = result_limits::kLineBytes,
                    .minItems = 1,
                    .maxItems = result_limits::kPartItems})
            .build();
    return type;
}

const Type& wireType(const ItemProblem*) {
    static const auto type = object<ItemProblem>("TaskItemProblem", tolerant)
                                 .field("pointer", &ItemProblem::pointer, {.doc = "Within the item"})
                                 .field("message", &ItemProblem::message)
                                 .build();
    return type;
}

const Type& wireType(const RefusedItem*) {
    static const auto type =
        object<RefusedItem>("TaskRefusedItem", tolerant, "An item that is not of its type")
            .field("item", &RefusedItem::item)
            .field("problems", &RefusedItem::problems)
            .build();
    return type;
}

const Type& wireType(const ResultAck*) {
    static const auto type =
        object<ResultAck>("TaskResultAck", tolerant)
            .field("acked_item", &ResultAck::ackedItem, {.doc = "The last item that is stored", .min = 0})
            .field("refused", &ResultAck::refused,
                   {.doc = "Items of this part that are not of their type: they are counted, and only what "
                           "is wrong with them is kept",
                    .optional = true,
                    .omitEmpty = true})
            .build();
    return type;
}

} // namespace restic::protocol
