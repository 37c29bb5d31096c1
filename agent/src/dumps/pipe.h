#pragma once

#include <array>

namespace agent {

/// A pipe of which this process keeps both ends open, whoever else has them: the reader sees no end before it
/// is said, and the writer is never killed because its reader is gone.
class Pipe {
public:
    /// Throws core::errors::kProcessFailed.
    Pipe();
    ~Pipe();
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    [[nodiscard]] int readEnd() const noexcept { return ends_[0]; }
    [[nodiscard]] int writeEnd() const noexcept { return ends_[1]; }
    /// That was all. Once.
    void closeWriteEnd() noexcept;

private:
    std::array<int, 2> ends_{-1, -1};
};

} // namespace agent
