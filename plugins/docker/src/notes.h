#pragma once

#include <string>
#include <vector>

#include "descriptor.h"
#include "settings.h"

namespace docker {

/// What is to be put right later, on disk before it is done: a file of the plugin's folder.
class Note {
public:
    /// Writes it; it is on the disk when this returns.
    Note(const Step& step, const std::string& name, Json content);
    /// One that was found.
    Note(std::string file, Json content) : file_(std::move(file)), content_(std::move(content)) {}

    [[nodiscard]] const Json& content() const noexcept { return content_; }
    /// Changes these fields.
    void set(const Json& fields);
    void remove();

private:
    void write() const;

    std::string file_;
    Json content_;
};

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
