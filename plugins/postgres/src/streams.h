#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "agent/plugin_step.h"
#include "shared/descriptor.h"

namespace postgres {

using plugins::Descriptor;
using plugins::writeAll;

/// The stream of a restore, of which the beginning can be looked at before a program gets the whole.
class Incoming {
public:
    explicit Incoming(const agent::plugin::Step& step) : step_(step) {}

    /// Reads on into `head`; false at the end of the stream. Throws Failure.
    bool more();
    [[nodiscard]] const std::string& head() const noexcept { return head_; }

    /// Gives head and rest to `sink` until it returns false, and says how far it is. Reads the stream to its
    /// end also then: whoever writes it should not fail before the program that read it.
    void pour(const std::function<bool(std::string_view)>& sink);
    /// How much was read.
    [[nodiscard]] std::uint64_t done() const noexcept { return done_; }
    /// All of it, of which there may be `most` bytes. Throws Failure.
    [[nodiscard]] std::string all(std::size_t most);

private:
    std::size_t read(char* to, std::size_t size);

    const agent::plugin::Step& step_;
    std::string head_;
    std::uint64_t done_ = 0;
};

/// Says that the step advances for as long as this object lives: of the building of indexes nothing is heard.
class Heartbeat {
public:
    Heartbeat(const agent::plugin::Step& step, std::uint64_t done,
              std::chrono::milliseconds every = std::chrono::seconds(10));

private:
    std::jthread thread_;
};

/// Runs a program with the stream as its input.
agent::plugin::Ended runWith(const agent::plugin::Step& step, agent::plugin::Command command,
                             Incoming& incoming);
/// Runs a program and gives its output to `sink` as it comes.
agent::plugin::Ended runInto(const agent::plugin::Step& step, agent::plugin::Command command,
                             const std::function<void(std::string_view)>& sink);

/// Runs a program that writes the dump. Never into a file itself: pg_dump would go back in it.
agent::plugin::Ended runOut(const agent::plugin::Step& step, agent::plugin::Command command);

} // namespace postgres
