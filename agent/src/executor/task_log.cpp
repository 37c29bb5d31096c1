#include "executor/task_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "core/encoding.h"
#include "core/json.h"
#include "state/files.h"

namespace agent {
namespace {
using core::json::Object;
}

TaskLog::TaskLog(std::filesystem::path file) : file_(std::move(file)) {
    for (auto& stored : read()) {
        lines_.push_back(std::move(stored.line));
        recovered_ = stored.position;
        ++nextSeq_;
    }
    fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char last = '\n';
    if (const auto size = fd_ >= 0 ? ::lseek(fd_, 0, SEEK_END) : 0;
        size > 0 && ::pread(fd_, &last, 1, size - 1) == 1 && last != '\n') [[maybe_unused]]
        const auto ignored = ::write(fd_, "\n", 1);
}

std::vector<TaskLog::Stored> TaskLog::read() const {
    std::vector<Stored> out;
    const auto text = readFileIfAny(file_).value_or("");
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        const auto line = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        const auto record = core::json::parse(line);
        if (!record || end == std::string_view::npos)
            continue; // cut by a crash
        const auto& value = record.value();
        out.push_back({{core::fromMicros(value.integerOr("at_us")), value.stringOr("level", "info"),
                        value.stringOr("message")},
                       {static_cast<std::uint64_t>(value.integerOr("output")),
                        static_cast<std::uint64_t>(value.integerOr("error"))}});
    }
    return out;
}

TaskLog::~TaskLog() {
    if (fd_ >= 0)
        ::close(fd_);
}

void TaskLog::append(core::Instant at, core::LogLevel level, const std::string& message, LogPosition position,
                     bool outcome) {
    const std::lock_guard lock(mutex_);
    if (nextSeq_ > (outcome ? kMaxLines + kReserve : kMaxLines))
        return;
    restic::protocol::LogLine line{at, std::string(core::logLevelName(level)),
                                   core::toUtf8(std::string_view(message).substr(0, kMaxLength))};
    if (nextSeq_ == kMaxLines && !outcome)
        line.message = "The log is longer than this; its rest is not kept";
    const Object record{{"at_us", core::toMicros(line.timestamp)},
                        {"level", line.level},
                        {"message", line.message},
                        {"output", static_cast<std::int64_t>(position.output)},
                        {"error", static_cast<std::int64_t>(position.error)}};
    // One write, not synced: it survives the agent's death, and a machine's death ends restic too.
    const auto text = core::json::write(record) + "\n";
    if (fd_ >= 0) [[maybe_unused]]
        const auto ignored = ::write(fd_, text.data(), text.size());
    lines_.push_back(std::move(line));
    ++nextSeq_;
}

std::size_t TaskLog::pending() const {
    const std::lock_guard lock(mutex_);
    return lines_.size();
}

restic::protocol::LogBatch TaskLog::batch(std::size_t most) const {
    const std::lock_guard lock(mutex_);
    restic::protocol::LogBatch out;
    out.firstSeq = firstSeq_;
    const auto count = std::min(most, lines_.size());
    out.lines.assign(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(count));
    return out;
}

void TaskLog::acknowledge(std::int64_t seq) {
    const std::lock_guard lock(mutex_);
    while (!lines_.empty() && firstSeq_ <= seq) {
        lines_.pop_front();
        ++firstSeq_;
    }
}

void TaskLog::replaceFirst(const std::string& message) {
    const std::lock_guard lock(mutex_);
    if (!lines_.empty())
        lines_.front().message = message;
}

void TaskLog::resumeAfter(std::int64_t seq) {
    const std::lock_guard lock(mutex_);
    if (seq + 1 >= firstSeq_ || seq < 0)
        return;
    const auto stored = read();
    for (auto missing = firstSeq_ - 1; missing > seq; --missing) {
        const auto at = static_cast<std::size_t>(missing - 1);
        lines_.push_front(at < stored.size()
                              ? stored[at].line
                              : restic::protocol::LogLine{{}, "info", "(a line that is not kept any more)"});
    }
    firstSeq_ = seq + 1;
}

void TaskLog::dropPending() {
    const std::lock_guard lock(mutex_);
    firstSeq_ += static_cast<std::int64_t>(lines_.size());
    lines_.clear();
}

} // namespace agent
