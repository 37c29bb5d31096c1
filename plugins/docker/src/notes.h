#pragma once

#include <string>
#include <vector>

#include "descriptor.h"
#include "settings.h"

namespace docker {

/// What is to be put right later, on disk before it is done: a file of the plugin's folder. It belongs to the
/// step that has it for as long as that one lives; cleanup() of a run beside it does not see it.
class Note {
public:
    /// Writes it; it is on the disk when this returns.
    Note(const Step& step, const std::string& name, Json content);

    [[nodiscard]] const Json& content() const noexcept { return content_; }
    /// Changes these fields.
    void set(const Json& fields);
    void remove();

private:
    friend std::vector<Note> notesLeft(const Step& step);
    Note(std::string file, Descriptor own, Json content)
        : file_(std::move(file)), own_(std::move(own)), content_(std::move(content)) {}
    void write();

    std::string file_;
    Descriptor own_; // locked: whose it is, which ends with the process
    Json content_;
};

/// Notes of steps that were cut off.
[[nodiscard]] std::vector<Note> notesLeft(const Step& step);

/// A step that changes containers has this to itself, so that none starts again what another one needs still.
class Lock {
public:
    enum class Wait { untilFree, briefly };
    Lock(const Step& step, Wait wait);
    [[nodiscard]] bool held() const noexcept { return held_; }

private:
    Descriptor file_;
    bool held_ = false;
};

/// A name that nobody has.
[[nodiscard]] std::string token();

} // namespace docker
