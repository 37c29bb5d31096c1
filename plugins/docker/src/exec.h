#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine.h"

namespace docker {

/// A program to run in a container. No shell.
struct ExecCommand {
    std::vector<std::string> arguments;
    /// "NAME=value", beside the container's own.
    std::vector<std::string> environment = {};
};

struct ExecEnd {
    int exitCode = 0;
    /// The end of its error output.
    std::string error;
    std::uint64_t bytes = 0;
    /// The end of what it was given to read.
    std::string inputTail;

    [[nodiscard]] bool ok() const noexcept { return exitCode == 0; }
    /// It could not even be started: it is not in the container.
    [[nodiscard]] bool missing() const noexcept { return exitCode == 126 || exitCode == 127; }
    /// "ended with exit code 1: the last line of its error output"
    [[nodiscard]] std::string describe() const;
};

/// Runs a program in a container to its end and gives its output to `sink`. `input`: a descriptor that it
/// reads to its end, or -1. Failure if the stream or the program is cut off, or if the step is to end; the
/// program is then ended where this machine can.
ExecEnd runInside(const agent::plugin::Step& step, const Engine& engine, const std::string& container,
                  const ExecCommand& command, const std::function<void(std::string_view)>& sink,
                  int input = -1);

/// The same for programs that say little.
struct ExecText {
    ExecEnd end;
    std::string output;
};
ExecText askInside(const agent::plugin::Step& step, const Engine& engine, const std::string& container,
                   const ExecCommand& command, const std::string& input = {});

/// Takes apart the stream of a program's output and error output: frames of eight bytes and their text.
class Frames {
public:
    using Sink = std::function<void(std::string_view)>;
    Frames(Sink output, Sink error) : output_(std::move(output)), error_(std::move(error)) {}

    /// False: this is no such stream.
    bool read(std::string_view piece);
    /// Whether the last frame is whole.
    [[nodiscard]] bool whole() const noexcept { return header_.empty() && left_ == 0; }

private:
    Sink output_;
    Sink error_;
    std::string header_;
    std::uint32_t left_ = 0;
    int kind_ = 0;
};

} // namespace docker
