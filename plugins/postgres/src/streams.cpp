#include "streams.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <mutex>
#include <optional>
#include <vector>

namespace postgres {
namespace {
using agent::plugin::Command;
using agent::plugin::Ended;
using agent::plugin::Failure;
using agent::plugin::Step;

constexpr std::size_t kBlock = 1U << 18U;

struct Pipe {
    Descriptor out;
    Descriptor in;
};

Pipe openPipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw Failure(std::string("No pipe can be opened: ") + std::strerror(errno));
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// A reader that is gone is an error of write(), not the end of this process.
void blockSigpipe() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}
} // namespace

Heartbeat::Heartbeat(const Step& step, std::uint64_t done, std::chrono::milliseconds every)
    : thread_([&step, done, every](const std::stop_token& stop) {
          std::mutex mutex;
          std::condition_variable_any changed;
          std::unique_lock lock(mutex);
          while (!stop.stop_requested()) {
              step.progress(done, done);
              changed.wait_for(lock, stop, every, [] { return false; });
          }
      }) {}

std::size_t Incoming::read(char* to, std::size_t size) {
    for (;;) {
        const auto count = ::read(step_.stream(), to, size);
        if (count >= 0) {
            done_ += static_cast<std::uint64_t>(count);
            return static_cast<std::size_t>(count);
        }
        if (errno != EINTR)
            throw Failure(std::string("The dump cannot be read: ") + std::strerror(errno));
    }
}

bool Incoming::more() {
    const auto before = head_.size();
    head_.resize(before + kBlock);
    const auto count = read(head_.data() + before, kBlock);
    head_.resize(before + count);
    return count > 0;
}

void Incoming::pour(const std::function<bool(std::string_view)>& sink) {
    using Clock = std::chrono::steady_clock;
    const auto total = step_.item().value("bytes", std::uint64_t{0});
    bool wanted = sink(head_);
    auto said = Clock::now();
    std::vector<char> block(kBlock);
    while (!step_.stopped()) {
        const auto count = read(block.data(), block.size());
        if (count == 0)
            return;
        wanted = wanted && sink({block.data(), count});
        if (Clock::now() - said > std::chrono::seconds(2)) {
            said = Clock::now();
            step_.progress(done_, std::max(total, done_));
        }
    }
}

std::string Incoming::all(std::size_t most) {
    while (more())
        if (head_.size() > most)
            throw Failure("The dump is larger than " + std::to_string(most >> 20U) + " MiB");
    return head_;
}

Ended runWith(const Step& step, Command command, Incoming& incoming) {
    auto pipe = openPipe();
    std::string problem;
    Ended end;
    std::optional<Heartbeat> afterwards;
    {
        std::jthread writer([&] {
            blockSigpipe();
            try {
                incoming.pour([&](std::string_view bytes) { return writeAll(pipe.in.fd(), bytes); });
            } catch (const Failure& failure) {
                problem = failure.what();
            }
            pipe.in.close();
            afterwards.emplace(step, incoming.done());
        });
        command.input = pipe.out.fd();
        end = step.run(command);
        // A writer that still waits for room learns that nobody reads.
        pipe.out.close();
    }
    if (!problem.empty())
        throw Failure(problem);
    return end;
}

Ended runInto(const Step& step, Command command, const std::function<void(std::string_view)>& sink) {
    auto pipe = openPipe();
    Ended end;
    std::jthread reader([&] {
        std::vector<char> block(kBlock);
        for (;;) {
            const auto count = ::read(pipe.out.fd(), block.data(), block.size());
            if (count < 0 && errno == EINTR)
                continue;
            if (count <= 0)
                return;
            sink({block.data(), static_cast<std::size_t>(count)});
        }
    });
    command.output = pipe.in.fd();
    end = step.run(command);
    pipe.in.close();
    reader.join();
    return end;
}

Ended runOut(const Step& step, Command command) {
    struct stat status {};
    if (::fstat(step.stream(), &status) != 0 || !S_ISREG(status.st_mode)) {
        command.output = step.stream();
        return step.run(command);
    }
    bool written = true;
    auto end = runInto(step, std::move(command),
                       [&](std::string_view bytes) { written = written && writeAll(step.stream(), bytes); });
    if (!written)
        throw Failure("The dump cannot be written to its file");
    return end;
}

} // namespace postgres
