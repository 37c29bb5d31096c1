#pragma once

#include <string>
#include <vector>

#include "labels.h"
#include "notes.h"
#include "plan.h"

namespace docker {

/// Containers that are paused or stopped for as long as this object lives. What it did not do itself it
/// leaves alone; what it does is noted on disk before.
class Holds {
public:
    Holds(const Step& step, const Engine& engine, const Settings& settings)
        : step_(step), engine_(engine), settings_(settings) {}
    ~Holds();
    Holds(const Holds&) = delete;
    Holds& operator=(const Holds&) = delete;

    /// Does nothing to a container that does not run, or that somebody else paused. Failure if it cannot be
    /// done.
    void hold(const std::string& containerId, How how);
    /// Starts and unpauses again, the last one first. What could not be done, each as a sentence; cleanup()
    /// tries again then.
    std::vector<std::string> release();
    [[nodiscard]] bool empty() const noexcept { return notes_.empty(); }

private:
    const Step& step_;
    const Engine& engine_;
    const Settings& settings_;
    std::vector<Note> notes_;
};

/// The "type" of the notes of containers.
inline constexpr const char* kHeld = "held";

/// Starts or unpauses the container of a note, if it still is as we left it, and removes the note. Failure if
/// the engine refuses.
void putRight(const Step& step, const Engine& engine, Note& note);

} // namespace docker
