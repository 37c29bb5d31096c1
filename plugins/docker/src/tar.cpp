#include "tar.h"

#include <fcntl.h>
#include <poll.h>

#include <atomic>
#include <cerrno>
#include <sstream>
#include <thread>

#include "connection.h"
#include "descriptor.h"

namespace docker {
namespace {
using namespace std::chrono_literals;
constexpr std::size_t kMostLines = 20;
constexpr std::size_t kPiece = 262144;

std::vector<std::string> linesOf(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        if (!line.empty() && line.find("Exiting with failure status") == std::string::npos)
            out.push_back(line);
    return out;
}

/// tar's last line says only that there were others.
std::string firstOf(const agent::plugin::Ended& end) {
    const auto lines = linesOf(end.error);
    return !end.started || end.signal != 0 || lines.empty() ? end.describe() : lines.front();
}

/// Gives the stream to tar on a thread of its own, and reads it to its end also when tar does not.
class Pump {
public:
    Pump(const Step& step, Descriptor to) : step_(step), to_(std::move(to)), thread_([this] { run(); }) {}
    ~Pump() { join(); }
    Pump(const Pump&) = delete;
    Pump& operator=(const Pump&) = delete;
    void join() {
        if (thread_.joinable())
            thread_.join();
    }
    [[nodiscard]] const ArchiveEnd& archive() const noexcept { return archive_; }

private:
    void run() {
        withoutPipeSignal();
        std::vector<char> buffer(kPiece);
        auto told = std::chrono::steady_clock::now();
        bool taken = true;
        while (!step_.stopped()) {
            pollfd ready{step_.stream(), POLLIN, 0};
            if (::poll(&ready, 1, 200) == 0)
                continue;
            const auto count = ::read(step_.stream(), buffer.data(), buffer.size());
            if (count < 0 && errno == EINTR)
                continue;
            if (count <= 0)
                break;
            const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
            archive_.read(piece);
            taken = taken && writeAll(to_.fd(), piece);
            if (const auto now = std::chrono::steady_clock::now(); now - told > 1s) {
                told = now;
                step_.progress(archive_.bytes());
            }
        }
        to_.close();
    }

    const Step& step_;
    Descriptor to_;
    ArchiveEnd archive_;
    std::thread thread_;
};
} // namespace

void ArchiveEnd::read(std::string_view piece) {
    bytes_ += piece.size();
    const auto last = piece.find_last_not_of('\0');
    if (last == std::string_view::npos)
        zeros_ += piece.size();
    else
        zeros_ = piece.size() - last - 1;
}

std::string tarVersion(const Step& step) {
    const auto end = step.run({.arguments = {"tar", "--version"}, .timeout = 20s});
    constexpr std::string_view kName = "tar (GNU tar) ";
    if (!end.ok || !end.output.starts_with(kName))
        throw Failure("There is no GNU tar on this machine", "Install it: apt-get install tar");
    return end.output.substr(kName.size(), end.output.find_first_of("\r\n") - kName.size());
}

std::vector<std::string> packFolder(const Step& step, const std::string& folder, bool live) {
    const auto end = step.run(
        {.arguments = {"tar", "--create", "--file=-", "--format=posix",
                       // Else each archive differs from the one before.
                       "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime", "--sort=name",
                       "--numeric-owner", "--xattrs", "--xattrs-include=*", "--acls", "--sparse",
                       "--sparse-version=0.0", "--one-file-system", "--directory=" + folder, "--", "."},
         .output = step.stream()});
    const auto lines = linesOf(end.error);
    const bool changed = end.started && end.signal == 0 && !end.timedOut && end.exitCode == 1;
    if (!end.ok && !(changed && live))
        throw Failure("tar could not read " + folder + ": " + firstOf(end),
                      changed ? "Something else writes there while it is read. Find it, or use the label live"
                              : "");
    std::vector<std::string> warnings;
    for (const auto& line : lines) {
        if (end.ok) // sockets, which no archive holds
            step.debug(line);
        else if (warnings.size() < kMostLines)
            warnings.push_back(line);
    }
    return warnings;
}

void unpackInto(const Step& step, const std::string& folder) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw Failure("There is no room for another pipe");
    Descriptor out(ends[0]);
    Pump pump(step, Descriptor(ends[1]));
    // tar itself makes links out of the folder only after all else, and leaves out names with "..".
    const auto end =
        step.run({.arguments = {"tar", "--extract", "--file=-", "--numeric-owner", "--same-owner",
                                "--preserve-permissions", "--xattrs", "--xattrs-include=*", "--acls",
                                "--delay-directory-restore", "--directory=" + folder},
                  .input = out.fd()});
    out.close();
    pump.join();
    if (step.stopped())
        throw Failure("The restore was ended before it was done");
    if (pump.archive().bytes() == 0)
        throw Failure("The dump is empty");
    if (!end.ok)
        throw Failure("tar could not unpack the dump: " + firstOf(end));
    if (!pump.archive().whole())
        throw Failure("The dump is cut off: it has no end", "Restore another one");
}

} // namespace docker
