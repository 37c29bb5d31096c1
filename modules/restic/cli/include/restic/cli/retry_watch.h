#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace restic::cli {

/// When a restic that tries again is ended.
enum class RetryPatience {
    whileItMayHelp, ///< at once where no further try can help; else it goes on for as long as it may take
    onlyOne,        ///< whatever the cause: somebody waits for the answer
};

/// Follows what restic says of its own tries. At the latest from 0.18 on it goes on for a quarter of an hour,
/// also where the storage refused its credentials, and says why with each try.
class RetryWatch {
public:
    explicit RetryWatch(RetryPatience patience) : patience_(patience) {}

    /// A piece of restic's error text; true once: restic is to be ended now.
    bool append(std::string_view piece);
    /// The text until then: what restic says of having been ended is no cause. At most 64 KiB.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool ended() const noexcept { return ended_; }

private:
    RetryPatience patience_;
    std::string text_;
    bool ended_ = false;
};

} // namespace restic::cli
