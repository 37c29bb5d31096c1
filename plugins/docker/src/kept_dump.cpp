#include "kept_dump.h"

#include <fcntl.h>

#include <cerrno>

#include "connection.h"

namespace docker {

Descriptor keepDump(const Step& step, const std::function<void(std::string_view)>& look) {
    const auto path = step.workFolder() + "/dump";
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    std::vector<char> buffer(262144);
    std::uint64_t bytes = 0;
    auto told = std::chrono::steady_clock::now();
    while (file.fd() >= 0) {
        const auto count = ::read(step.stream(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (step.stopped())
            throw Failure("The step was ended before it was done");
        if (count == 0)
            return file;
        if (count < 0)
            break;
        const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
        if (!writeAll(file.fd(), piece))
            break;
        if (look)
            look(piece);
        bytes += piece.size();
        if (const auto now = std::chrono::steady_clock::now(); now - told > std::chrono::seconds(1)) {
            told = now;
            step.progress(bytes);
        }
    }
    throw Failure("The dump cannot be kept in " + step.workFolder(), "Make room there");
}

} // namespace docker
