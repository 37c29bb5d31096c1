#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "http/file_descriptor.h"

namespace core::http {

/// The bytes of one connection. Nothing here blocks. Belongs to the thread that owns the connection.
class Transport {
public:
    explicit Transport(FileDescriptor fd) : fd_(std::move(fd)) {}

    [[nodiscard]] int descriptor() const noexcept { return fd_.get(); }

    enum class Progress { some, wait, ended };
    struct Result {
        Progress progress;
        std::size_t bytes = 0; ///< with `some`
    };
    /// `wait`: nothing has arrived. `ended`: the peer has ended its side, or the connection is broken.
    [[nodiscard]] Result read(std::span<char> block);
    /// `wait`: the socket takes nothing now. `ended`: the connection is broken.
    [[nodiscard]] Result write(std::string_view bytes);
    /// Tells the peer that nothing more will come.
    void endWriting();
    /// Reads what still arrives and throws it away, whatever it is.
    [[nodiscard]] Result discard(std::span<char> block);
    /// Makes the socket look as if the peer had ended its side. Thread-safe.
    void endReading() const noexcept;

private:
    [[nodiscard]] Result receive(std::span<char> block) const;

    FileDescriptor fd_;
};

} // namespace core::http
