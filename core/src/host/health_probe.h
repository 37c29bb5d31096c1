#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/export.h"
#include "core/time.h"

namespace core::host {

/// One part that can be asked how it is. The check runs on a thread of its own, at most once at a time:
/// whoever asks meanwhile gets the answer of the one under way, and nobody waits for it longer than the
/// limit. Thread-safe.
class CORE_EXPORT HealthProbe {
public:
    static constexpr milliseconds kLimit{3000};

    /// `check` throws the reason if the part does not work. `clock` must outlive this.
    HealthProbe(std::string name, std::function<void()> check, const Clock& clock,
                milliseconds limit = kLimit);

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// Begins to ask, unless that is under way; so several can be asked at the same time.
    void ask();
    /// The answer of what was begun: "" for good, otherwise the reason. It is "did not answer in …" from the
    /// limit on, at once for a check that hangs longer.
    [[nodiscard]] std::string answer() const;
    /// Waits for a check under way. False if it had not returned by then: its thread goes on, and all that it
    /// uses must stay as long as the process.
    [[nodiscard]] bool endsBy(std::chrono::steady_clock::time_point deadline) const;

private:
    struct State;
    const std::string name_;
    const Clock& clock_;
    const milliseconds limit_;
    std::shared_ptr<State> state_; // shared with the thread, which may outlive this
};

} // namespace core::host
