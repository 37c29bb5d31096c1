#pragma once

#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace core::app {

/// The signals that ask a process to end.
inline sigset_t endingSignals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGQUIT})
        sigaddset(&set, signal);
    return set;
}

/// Before the first thread: every one inherits the mask, so that only the main thread, which waits for them,
/// sees these signals.
inline void blockSignals() {
    sigset_t set = endingSignals();
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

/// While it lives, a signal that asks the process to end does so at once, whatever the other threads wait
/// for. For what nobody is served by and what leaves nothing half done: a step of a migration is one
/// transaction. A thread of its own takes the signals: unblocked ones would be taken by threads that begin
/// meanwhile, for ever.
class EndedBySignals {
public:
    EndedBySignals() : over_(::eventfd(0, EFD_CLOEXEC)) {
        if (over_ < 0)
            throw std::system_error(errno, std::generic_category(), "eventfd");
        thread_ = std::thread([this] { watch(); });
    }
    ~EndedBySignals() {
        ::eventfd_write(over_, 1);
        thread_.join();
        ::close(over_);
    }
    EndedBySignals(const EndedBySignals&) = delete;
    EndedBySignals& operator=(const EndedBySignals&) = delete;

private:
    void watch() const {
        const sigset_t set = endingSignals();
        const int signals = ::signalfd(-1, &set, SFD_CLOEXEC);
        pollfd fds[] = {{over_, POLLIN, 0}, {signals, POLLIN, 0}};
        while (::poll(fds, 2, -1) < 0) {
        }
        // One that comes when it is over is for whoever asks next.
        signalfd_siginfo info{};
        if (fds[0].revents == 0 && ::read(signals, &info, sizeof info) == sizeof info) {
            const auto number = static_cast<int>(info.ssi_signo);
            pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
            ::raise(number);
            ::_exit(128 + number); // the first process of a container is not ended by signals
        }
        ::close(signals);
    }

    int over_;
    std::thread thread_;
};

} // namespace core::app
