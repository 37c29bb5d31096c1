#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "settings.h"
#include "shared/descriptor.h"

namespace mysql {

using plugins::Descriptor;

/// A pipe that holds as much as an unprivileged one may: fewer changes between its two ends.
struct Pipe {
    Pipe() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0)
            throw Failure("There is no room for another pipe");
        out = Descriptor(ends[0]);
        in = Descriptor(ends[1]);
        (void)::fcntl(in.fd(), F_SETPIPE_SZ, 1 << 20);
    }
    /// Read from `out` what was written to `in`.
    Descriptor out;
    Descriptor in;
};

} // namespace mysql
