#include "tar_listing.h"

#include <cerrno>
#include <optional>
#include <sstream>
#include <thread>

#include "tar.h"
#include "tar_pump.h"

namespace docker {
namespace {
constexpr std::uint64_t kBlock = 512;
constexpr std::size_t kMostLine = 65536;

/// Reads what tar lists, a line for each entry: "block N: -rw-r--r-- 0/0 SIZE DATE TIME NAME".
class Listing {
public:
    explicit Listing(Descriptor from) : from_(std::move(from)), thread_([this] { run(); }) {}
    ~Listing() { join(); }
    Listing(const Listing&) = delete;
    Listing& operator=(const Listing&) = delete;
    void join() {
        if (thread_.joinable())
            thread_.join();
    }

    [[nodiscard]] const ArchiveContents& contents() const noexcept { return contents_; }
    /// Where the archive itself says that it ends.
    [[nodiscard]] std::optional<std::uint64_t> end() const noexcept { return end_; }

private:
    void run() {
        std::string buffer(65536, '\0');
        std::string line;
        for (;;) {
            const auto count = ::read(from_.fd(), buffer.data(), buffer.size());
            if (count < 0 && errno == EINTR)
                continue;
            if (count <= 0)
                return;
            for (const char sign : std::string_view(buffer.data(), static_cast<std::size_t>(count)))
                if (sign == '\n') {
                    take(line);
                    line.clear();
                } else if (line.size() < kMostLine) {
                    line += sign;
                }
        }
    }

    void take(const std::string& line) {
        std::istringstream fields(line);
        std::string word;
        std::string mode;
        std::string owner;
        std::uint64_t block = 0;
        std::uint64_t size = 0;
        char colon = 0;
        if (!(fields >> word >> block >> colon >> mode) || word != "block")
            return;
        if (mode == "**") {
            end_ = block * kBlock;
            return;
        }
        fields >> owner >> size; // a device has numbers there
        switch (mode.front()) {
        case '-':
        case 'C':
            ++contents_.files;
            contents_.bytes += size;
            return;
        case 'd':
            ++contents_.folders;
            return;
        default:
            ++contents_.others;
        }
    }

    Descriptor from_;
    ArchiveContents contents_;
    std::optional<std::uint64_t> end_;
    std::thread thread_;
};
} // namespace

ArchiveContents listArchive(const Step& step) {
    auto [in, feed] = makePipe();
    auto [list, out] = makePipe();
    Pump pump(step, std::move(feed));
    Listing listing(std::move(list));
    const auto end = step.run({.arguments = {"tar", "--list", "--verbose", "--block-number", "--file=-",
                                             "--numeric-owner", "--quoting-style=escape"},
                               .input = in.fd(),
                               .output = out.fd()});
    in.close();
    out.close();
    pump.join();
    listing.join();
    const auto& archive = pump.archive();
    if (step.stopped())
        throw Failure("The trial was ended before it was done");
    if (archive.bytes() == 0)
        throw Failure("The dump is empty");
    if (!end.ok)
        throw Failure("The dump is damaged: " + firstOf(end), "Choose another snapshot");
    if (!archive.whole() || !listing.end())
        throw Failure("The dump is cut off: it has no end", "Choose another snapshot");
    if (!archive.endsAt(*listing.end()))
        throw Failure("The dump is damaged: it goes on behind what it says is its end, at byte " +
                          std::to_string(*listing.end()),
                      "Choose another snapshot");
    auto contents = listing.contents();
    contents.archive = archive.bytes();
    return contents;
}

} // namespace docker
