#include "plugins/input_keeper.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

#include "config/config.h"
#include "core/process.h"

namespace agent {
namespace {
using namespace std::chrono_literals;

constexpr int kFirstInherited = 3;

/// A descriptor's number; 0 for what is none.
int numberOf(const char* text) {
    int number = 0;
    const auto* end = text + std::strlen(text);
    const auto read = std::from_chars(text, end, number);
    return read.ec == std::errc{} && read.ptr == end ? number : 0;
}
} // namespace

int keepInputMain(int argc, char** argv) {
    if (argc < 5)
        return 2;
    const int readEnd = numberOf(argv[2]);
    const int writeEnd = numberOf(argv[3]);
    if (readEnd < kFirstInherited || writeEnd != readEnd + 1)
        return 2;
    // The whole group is signalled, restic with it; this process waits for how it ends.
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE})
        ::signal(number, SIG_IGN);
    core::ProcessSpec spec;
    spec.inStartersGroup = true;
    spec.program = argv[4];
    spec.arguments.assign(argv + 5, argv + argc);
    spec.environment = currentEnvironment();
    spec.standardInput = core::ProcessInput::fromDescriptor(readEnd);
    spec.standardOutput = core::ProcessOutput::toDescriptor(STDOUT_FILENO);
    spec.standardError = core::ProcessOutput::toDescriptor(STDERR_FILENO);
    for (int fd = kFirstInherited; fd < readEnd; ++fd)
        spec.inherited.push_back(fd);
    core::SystemProcessRunner runner;
    auto started = runner.start(spec);
    if (!started)
        return 127;
    ::close(readEnd);
    auto process = std::move(started).value();
    bool decided = false;
    bool alone = false;
    core::StopLadder ladder(30s, 5s);
    std::optional<core::ProcessExit> exit;
    while (!(exit = process->wait(decided ? 1000ms : 50ms))) {
        if (alone)
            if (const int number = ladder.due(std::chrono::steady_clock::now()); number != 0)
                process->signal(number);
        pollfd word{STDIN_FILENO, POLLIN, 0};
        if (decided || ::poll(&word, 1, 0) <= 0)
            continue;
        char byte = 0;
        const auto count = ::read(STDIN_FILENO, &byte, 1);
        if (count < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        decided = true;
        alone = count != 1;
        if (!alone)
            ::close(writeEnd);
    }
    if (exit->signal != 0) {
        ::signal(exit->signal, SIG_DFL);
        ::raise(exit->signal);
    }
    return exit->code;
}

} // namespace agent
