#pragma once

#include <csignal>

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

/// While it lives, a signal that asks the process to end does so at once. On the main thread only, for what
/// nobody is served by and what leaves nothing half done: a step of a migration is one transaction.
class EndedBySignals {
public:
    EndedBySignals() {
        const sigset_t set = endingSignals();
        pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    }
    ~EndedBySignals() {
        const sigset_t set = endingSignals();
        pthread_sigmask(SIG_BLOCK, &set, nullptr);
    }
    EndedBySignals(const EndedBySignals&) = delete;
    EndedBySignals& operator=(const EndedBySignals&) = delete;
};

} // namespace core::app
