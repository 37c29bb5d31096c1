#pragma once

#include <cstdint>
#include <string_view>
#include <thread>

#include "descriptor.h"
#include "settings.h"

namespace docker {

/// Reads an archive as it passes: whether it has the end that every whole one has.
class ArchiveEnd {
public:
    void read(std::string_view piece);
    [[nodiscard]] bool whole() const noexcept { return zeros_ >= kEnd; }
    /// Whether nothing but zeros came from there on.
    [[nodiscard]] bool endsAt(std::uint64_t byte) const noexcept { return bytes_ - zeros_ <= byte; }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

private:
    static constexpr std::uint64_t kEnd = 1024;
    std::uint64_t zeros_ = 0; // at the end of what was read
    std::uint64_t bytes_ = 0;
};

/// Gives the step's stream to tar on a thread of its own, and reads it to its end also when tar does not.
class Pump {
public:
    Pump(const Step& step, Descriptor to);
    ~Pump() { join(); }
    Pump(const Pump&) = delete;
    Pump& operator=(const Pump&) = delete;
    void join();
    [[nodiscard]] const ArchiveEnd& archive() const noexcept { return archive_; }

private:
    void run();

    const Step& step_;
    Descriptor to_;
    ArchiveEnd archive_;
    std::thread thread_;
};

struct Pipe {
    Descriptor out; ///< what is read from
    Descriptor in;
};
/// Failure if there is no room.
[[nodiscard]] Pipe makePipe();

} // namespace docker
