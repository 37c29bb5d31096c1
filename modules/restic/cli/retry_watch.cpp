#include "restic/cli/retry_watch.h"

#include "restic/cli/verdict.h"
#include "restic/protocol/task_errors.h"

namespace restic::cli {
namespace {
constexpr std::size_t kMost = 64U << 10U;
/// The first may be a connection that was cut just then.
constexpr int kFailuresInARow = 2;

int failedTries(std::string_view text) {
    int count = 0;
    for (std::size_t at = 0; (at = text.find(kTriesAgain, at)) != std::string_view::npos; ++at)
        ++count;
    return count;
}

bool isLasting(std::string_view text) {
    const auto* kind = protocol::task_errors::find(classifyFailure({.code = 1}, text).name);
    return kind != nullptr && kind->remedy == protocol::Remedy::change;
}
} // namespace

bool RetryWatch::append(std::string_view piece) {
    if (ended_ || text_.size() >= kMost)
        return false;
    text_.append(piece.substr(0, kMost - text_.size()));
    // Whole lines only: the cause stands at a line's end.
    const auto whole = std::string_view(text_).substr(0, text_.rfind('\n') + 1);
    if (failedTries(whole) < kFailuresInARow)
        return false;
    ended_ = patience_ == RetryPatience::onlyOne || isLasting(whole);
    return ended_;
}

} // namespace restic::cli
