#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/log.h"
#include "restic/cli/error_text.h"
#include "restic/cli/work.h"

namespace restic::cli {

/// Tells a piece of work what each line of restic's outputs is. One thread.
class OutputLines {
public:
    explicit OutputLines(ResticWork& work) : work_(work) {}

    /// What a line is worth in a log.
    struct Said {
        core::LogLevel level = core::LogLevel::info;
        std::string text;
        /// Of a line that only says how far restic is.
        std::optional<double> percent;
    };
    /// Of the standard output; nothing to say: nullopt.
    std::optional<Said> output(std::string_view line);
    /// Of the error output.
    std::optional<Said> error(std::string_view line);
    /// Before another command: its errors are its own.
    void begin() { errors_ = {}; }
    /// What the command said of its errors.
    [[nodiscard]] const std::string& errors() const noexcept { return errors_.text(); }

private:
    ResticWork& work_;
    ErrorText errors_;
};

} // namespace restic::cli
