#include "dumps/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/process.h"

namespace agent {

Pipe::Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0)
        throw core::Error(core::errors::kProcessFailed,
                          "A pipe could not be made: " + std::generic_category().message(errno));
}

Pipe::~Pipe() {
    for (const int fd : ends_)
        if (fd >= 0)
            ::close(fd);
}

void Pipe::closeWriteEnd() noexcept {
    ::close(ends_[1]);
    ends_[1] = -1;
}

} // namespace agent
