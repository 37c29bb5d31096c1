#include "executor/task_items.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/error.h"
#include "state/files.h"

namespace agent {
namespace limits = restic::protocol::result_limits;

namespace {
/// So much is collected before it is written.
constexpr std::size_t kBuffer = 65536;

[[noreturn]] void fail(const std::filesystem::path& file) {
    throw core::Error(errors::kState, file.string() + ": " + std::strerror(errno));
}
} // namespace

TaskItems::~TaskItems() {
    if (fd_ >= 0)
        ::close(fd_);
}

void TaskItems::begin() {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0)
        ::close(fd_);
    fd_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd_ < 0)
        fail(file_);
    written_.emplace();
    unwritten_.clear();
    tooMany_ = false;
}

void TaskItems::write(std::string_view text) {
    while (!text.empty()) {
        const auto count = ::write(fd_, text.data(), text.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            fail(file_);
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

bool TaskItems::append(const core::json::Object& item) {
    const std::lock_guard lock(mutex_);
    const auto line = core::json::write(item);
    if (line.size() > limits::kLineBytes)
        return false;
    auto with = *written_;
    with.add(line);
    if (with.count > limits::kItems || with.bytes > limits::kBytes) {
        tooMany_ = true;
        return false;
    }
    written_ = std::move(with);
    unwritten_ += line;
    unwritten_ += '\n';
    if (unwritten_.size() >= kBuffer) {
        write(unwritten_);
        unwritten_.clear();
    }
    return true;
}

std::optional<restic::protocol::ResultItems> TaskItems::finish() {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) {
        write(unwritten_);
        unwritten_.clear();
        if (::fsync(fd_) != 0)
            fail(file_);
        ::close(fd_);
        fd_ = -1;
        syncFolder(file_.parent_path());
    }
    return written_;
}

bool TaskItems::tooMany() const {
    const std::lock_guard lock(mutex_);
    return tooMany_;
}

template <typename Take>
void TaskItems::read(Take&& take) {
    std::ifstream in(file_, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(offset_));
    std::string line;
    while (std::getline(in, line) && !in.eof()) { // one without its end was cut
        if (!take(line))
            return;
        ++sent_;
        offset_ += line.size() + 1;
    }
}

restic::protocol::ResultPart TaskItems::part(std::size_t most) {
    const std::lock_guard lock(mutex_);
    restic::protocol::ResultPart part;
    part.firstItem = sent_ + 1;
    const auto sent = sent_;
    const auto offset = offset_;
    std::size_t bytes = 0;
    read([&](const std::string& line) {
        if (part.lines.size() == most ||
            (!part.lines.empty() && bytes + line.size() + 1 > limits::kPartBytes))
            return false;
        bytes += line.size() + 1;
        part.lines.push_back(line);
        return true;
    });
    sent_ = sent; // until the server has them
    offset_ = offset;
    return part;
}

bool TaskItems::goBehind(std::int64_t item) {
    const std::lock_guard lock(mutex_);
    if (item < sent_) {
        sent_ = 0;
        offset_ = 0;
    }
    read([&](const std::string&) { return sent_ < item; });
    return sent_ == item;
}

std::int64_t TaskItems::sent() const {
    const std::lock_guard lock(mutex_);
    return sent_;
}

} // namespace agent
