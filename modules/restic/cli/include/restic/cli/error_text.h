#pragma once

#include <string>
#include <string_view>

namespace restic::cli {

/// A line of restic's for a log: without terminal control sequences, such as the one before "signal interrupt
/// received", and printable.
[[nodiscard]] std::string plainLine(std::string_view line);

/// The plain text of restic's error output, by which failures are told where there is no exit code: its first
/// 2 and last 6 KiB. A crash says what it is in its first lines, a failure in its last.
class ErrorText {
public:
    void append(std::string_view line);
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

} // namespace restic::cli
