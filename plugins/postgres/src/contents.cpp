#include <filesystem>
#include <fstream>
#include <sstream>

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

namespace {
/// pg_restore takes the rows of a file that is cut off for all of them; pg_dump ends each with this.
void requireWhole(const std::filesystem::path& file) {
    constexpr std::string_view kEnd = "\\.\n\n\n";
    std::ifstream in(file, std::ios::binary | std::ios::ate);
    std::string last(kEnd.size(), '\0');
    if (in && in.tellg() >= static_cast<std::streamoff>(last.size()))
        in.seekg(-static_cast<std::streamoff>(last.size()), std::ios::end)
            .read(last.data(), static_cast<std::streamsize>(last.size()));
    if (!in || last != kEnd)
        throw agent::plugin::Failure("The dump is not complete: its file " + file.filename().string() +
                                         " is cut off",
                                     "Choose another snapshot");
}
} // namespace

Archive contentsOf(const std::string& folder) {
    using agent::plugin::Failure;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
        const auto name = entry.path().filename().string();
        // Large objects are as they are.
        if (name.ends_with(".dat") && name != "toc.dat" && !name.starts_with("blob"))
            requireWhole(entry.path());
    }
    std::ifstream in(folder + "/toc.dat", std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    auto archive = in ? readArchive(text.str()) : std::nullopt;
    if (!archive)
        throw Failure("The dump is not complete: its table of contents, toc.dat, is missing or cut off",
                      "Choose another snapshot");
    return *std::move(archive);
}

} // namespace postgres
