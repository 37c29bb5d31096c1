#include "archive.h"
#include "streams.h"

namespace postgres {

Archive contentsOf(Incoming& incoming) {
    using agent::plugin::Failure;
    constexpr std::size_t kMost = std::size_t{512} << 20U;
    for (std::size_t tried = 0;;) {
        const bool more = incoming.more();
        // Not after each block: reading begins anew each time.
        if (!more || incoming.head().size() >= 2 * tried) {
            tried = incoming.head().size();
            if (auto archive = readArchive(incoming.head()))
                return *std::move(archive);
        }
        if (!more)
            throw Failure(incoming.head().empty()
                              ? "The dump is empty"
                              : "The dump is not complete: it ends within its table of contents",
                          "Choose another snapshot");
        if (incoming.head().size() > kMost)
            throw Failure("The dump's table of contents is larger than this plugin reads",
                          "Restore it by hand with pg_restore");
    }
}

} // namespace postgres
