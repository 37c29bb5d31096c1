#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/export.h"

namespace core {

/// Cuts a stream of bytes into lines of bounded length. A longer line is delivered once, as its beginning and
/// the marker " [cut]"; the rest of it is dropped. Carriage returns before the newline are removed.
class CORE_EXPORT LineSplitter {
public:
    static constexpr std::size_t kDefaultLimit = 64U << 10U;
    static constexpr std::string_view kCutMarker = " [cut]";

    explicit LineSplitter(std::size_t limit = kDefaultLimit) : limit_(limit) {}

    /// Calls `line(std::string_view)` for each complete line; the view is valid during the call.
    template <typename Line>
    void feed(std::string_view bytes, Line&& line) {
        while (!bytes.empty()) {
            const auto end = bytes.find('\n');
            append(bytes.substr(0, end));
            if (end == std::string_view::npos)
                return;
            bytes.remove_prefix(end + 1);
            line(take());
            partial_.clear();
            cut_ = false;
        }
    }
    /// Delivers what came without a newline, if anything.
    template <typename Line>
    void finish(Line&& line) {
        if (!partial_.empty())
            line(take());
        partial_.clear();
        cut_ = false;
    }

private:
    void append(std::string_view part);
    std::string_view take();

    std::size_t limit_;
    std::string partial_;
    bool cut_ = false;
};

} // namespace core
