#pragma once

#include <functional>
#include <string>

#include "agent/plugin_step.h"

namespace postgres {

/// What a step makes outside its folders, noted in the plugin's own folder for as long as it is there: a step
/// that is killed cannot remove it.
class Note {
public:
    /// Writes it. Throws Failure if that cannot be done: then nothing may be made.
    Note(const agent::plugin::Step& step, const std::string& name, agent::plugin::Json content);
    ~Note();
    Note(const Note&) = delete;
    Note& operator=(const Note&) = delete;
    /// The thing could not be removed: the note stays for cleanup.
    void keep() noexcept { kept_ = true; }

private:
    std::string file_;
    bool kept_ = false;
};

/// Calls `remove` for the notes of steps that have ended, and takes away those for which it returns true.
void forNotesLeftBehind(const agent::plugin::Step& step,
                        const std::function<bool(const agent::plugin::Json&)>& remove);

/// When a process began, in ticks since the machine did; 0 if there is none. With its number it tells
/// processes apart.
[[nodiscard]] unsigned long long startOf(long pid);

} // namespace postgres
