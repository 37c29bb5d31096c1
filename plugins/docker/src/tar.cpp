#include "tar.h"

#include <sstream>

#include "tar_pump.h"

namespace docker {
namespace {
using namespace std::chrono_literals;
constexpr std::size_t kMostLines = 20;

std::vector<std::string> linesOf(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        if (!line.empty() && line.find("Exiting with failure status") == std::string::npos)
            out.push_back(line);
    return out;
}

} // namespace

std::string firstOf(const agent::plugin::Ended& end) {
    const auto lines = linesOf(end.error);
    return !end.started || end.signal != 0 || lines.empty() ? end.describe() : lines.front();
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
    auto [out, in] = makePipe();
    Pump pump(step, std::move(in));
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
