#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "core/line_splitter.h"

namespace agent {

/// Reads the lines that another process appends to a file. One thread.
class FileTail {
public:
    /// Called with each line and the offset in the file at which the next one begins.
    using Line = std::function<void(std::string_view, std::uint64_t)>;

    /// Begins at an offset: what stands before is another process's. Lines longer than `maxLine` are cut.
    explicit FileTail(std::filesystem::path file, std::uint64_t offset = 0,
                      std::size_t maxLine = core::LineSplitter::kDefaultLimit)
        : file_(std::move(file)), offset_(offset), splitter_(maxLine) {}
    ~FileTail();
    FileTail(const FileTail&) = delete;
    FileTail& operator=(const FileTail&) = delete;

    /// Delivers what is new; a file that does not exist yet is empty. At most a few MiB at once: true if
    /// there is more.
    bool poll(const Line& line);
    /// Delivers the rest, and a last line without a newline.
    void finish(const Line& line);

private:
    std::filesystem::path file_;
    int fd_ = -1;
    std::uint64_t offset_ = 0;
    core::LineSplitter splitter_;
};

} // namespace agent
