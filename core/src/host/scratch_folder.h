#pragma once

#include <filesystem>

namespace core::host {

/// A new folder among the system's temporary ones, for this user only; gone with the object.
class ScratchFolder {
public:
    /// Throws core::Error(kUnavailable) with a sentence.
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

} // namespace core::host
