#include "journal/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/encoding.h"
#include "state/files.h"

namespace agent {
namespace {
using core::json::Object;
using core::json::Value;

/// Closed tasks that are remembered, so that a late second delivery does not run them again.
constexpr std::size_t kRememberedClosed = 200;
/// Beyond this size the file is written anew when a task is closed.
constexpr std::size_t kRewriteAt = 4U << 20U;

std::string checksum(std::string_view text) {
    return core::hexEncode(core::sha256(text)).substr(0, 16);
}

std::string line(const Object& record) {
    const auto text = core::json::write(record);
    return checksum(text) + " " + text + "\n";
}

Object make(std::string_view kind, const std::string& taskId, int attempt) {
    return Object{{"record", kind}, {"task_id", taskId}, {"attempt", attempt}};
}

Value list(const std::vector<std::string>& texts) {
    core::json::Array out;
    for (const auto& text : texts)
        out.emplace_back(text);
    return out;
}

core::Instant instant(const Value& record, std::string_view name) {
    return core::fromMicros(record.integerOr(name));
}

Object acceptedRecord(const JournalTask& task) {
    auto record = make("accepted", task.taskId, task.attempt);
    record.set("at_us", core::toMicros(task.acceptedAt));
    record.set("payload", task.payload);
    return record;
}

Object startingRecord(const JournalTask& task) {
    auto record = make("starting", task.taskId, task.attempt);
    record.set("at_us", core::toMicros(task.startedAt));
    record.set("restic_version", task.resticVersion);
    record.set("missing_sources", list(task.missingSources));
    if (task.step != 0)
        record.set("step", task.step);
    return record;
}

Object spawnedRecord(const JournalTask& task) {
    auto record = make("spawned", task.taskId, task.attempt);
    record.set("pid", task.spawned->pid);
    record.set("start_ticks", static_cast<std::int64_t>(task.spawned->startTicks));
    record.set("boot_id", task.spawned->bootId);
    return record;
}

Object resultRecord(const JournalTask& task) {
    auto record = make("result", task.taskId, task.attempt);
    record.set("report", *task.result);
    return record;
}
} // namespace

Journal::Journal(std::filesystem::path file) : file_(std::move(file)) {
    for (const auto& record : readRecords(file_, damaged_))
        state_.apply(record);
    rewrite();
}

Journal::~Journal() {
    if (fd_ >= 0)
        ::close(fd_);
}

std::vector<Object> Journal::readRecords(const std::filesystem::path& file, std::size_t& damaged) {
    std::vector<Object> records;
    const auto text = readFileIfAny(file);
    if (!text)
        return records;
    std::string_view rest = *text;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        const auto one = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        if (one.empty())
            continue;
        const auto space = one.find(' ');
        const bool whole = end != std::string_view::npos && space != std::string_view::npos &&
                           one.substr(0, space) == checksum(one.substr(space + 1));
        auto document = whole ? core::json::parse(one.substr(space + 1))
                              : core::Result<Value>(core::Error(errors::kState, "damaged"));
        if (!document || document.value().object() == nullptr) {
            ++damaged;
            continue;
        }
        records.push_back(std::move(*document.value().object()));
    }
    return records;
}

std::vector<JournalTask> Journal::peek(const std::filesystem::path& file) {
    std::size_t damaged = 0;
    JournalState state;
    for (const auto& record : readRecords(file, damaged))
        state.apply(record);
    return state.open();
}

JournalTask* JournalState::find(const std::string& taskId, int attempt) {
    const auto found = std::find_if(tasks_.begin(), tasks_.end(), [&](const JournalTask& task) {
        return task.taskId == taskId && task.attempt == attempt;
    });
    return found == tasks_.end() ? nullptr : &*found;
}

std::vector<JournalTask> JournalState::open() const {
    std::vector<JournalTask> out;
    std::copy_if(tasks_.begin(), tasks_.end(), std::back_inserter(out),
                 [](const JournalTask& task) { return !task.acknowledged; });
    return out;
}

void JournalState::apply(const Object& object) {
    const Value record(object);
    const auto id = record.stringOr("task_id");
    const auto attempt = static_cast<int>(record.integerOr("attempt"));
    const auto kind = record.stringOr("record");
    auto* task = find(id, attempt);
    if (task == nullptr) {
        if (kind != "accepted" && kind != "acknowledged")
            return;
        tasks_.emplace_back();
        task = &tasks_.back();
        task->taskId = id;
        task->attempt = attempt;
    }
    if (kind == "accepted") {
        task->acceptedAt = instant(record, "at_us");
        if (const auto* payload = record.find("payload"); payload != nullptr && payload->object() != nullptr)
            task->payload = *payload->object();
    } else if (kind == "starting") {
        task->starting = true;
        task->startedAt = instant(record, "at_us");
        task->resticVersion = record.stringOr("restic_version");
        task->step = static_cast<int>(record.integerOr("step"));
        task->spawned.reset();
        task->missingSources.clear();
        if (const auto* missing = record.find("missing_sources");
            missing != nullptr && missing->array() != nullptr)
            for (const auto& path : *missing->array())
                if (path.string() != nullptr)
                    task->missingSources.push_back(*path.string());
    } else if (kind == "spawned") {
        task->spawned = SpawnRecord{static_cast<int>(record.integerOr("pid")),
                                    static_cast<std::uint64_t>(record.integerOr("start_ticks")),
                                    record.stringOr("boot_id")};
    } else if (kind == "result") {
        if (const auto* report = record.find("report"); report != nullptr && report->object() != nullptr)
            task->result = *report->object();
    } else if (kind == "acknowledged") {
        task->acknowledged = true;
        task->payload = {};
        task->result.reset();
    } else if (kind == "dropped") {
        std::erase_if(tasks_, [&](const JournalTask& one) { return &one == task; });
    }
}

void Journal::rewrite() {
    auto& tasks = state_.tasks();
    const auto closed = static_cast<std::size_t>(
        std::count_if(tasks.begin(), tasks.end(), [](const JournalTask& task) { return task.acknowledged; }));
    std::size_t surplus = closed > kRememberedClosed ? closed - kRememberedClosed : 0;
    std::erase_if(tasks, [&](const JournalTask& task) {
        if (!task.acknowledged || surplus == 0)
            return false;
        --surplus;
        return true;
    });
    std::string text;
    for (const auto& task : tasks) {
        if (task.acknowledged) {
            text += line(make("acknowledged", task.taskId, task.attempt));
            continue;
        }
        text += line(acceptedRecord(task));
        if (task.starting)
            text += line(startingRecord(task));
        if (task.spawned)
            text += line(spawnedRecord(task));
        if (task.result)
            text += line(resultRecord(task));
    }
    writeFileDurably(file_, text);
    if (fd_ >= 0)
        ::close(fd_);
    fd_ = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd_ < 0)
        throw core::Error(errors::kState, file_.string() + ": " + std::generic_category().message(errno));
    size_ = text.size();
}

void Journal::append(const Object& record) {
    const auto text = line(record);
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto count = ::write(fd_, rest.data(), rest.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            const int code = count == 0 ? ENOSPC : errno;
            // Half a record would make the next one unreadable as well.
            if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) [[maybe_unused]]
                const auto ignored = ::write(fd_, "\n", 1);
            throw core::Error(errors::kState, file_.string() + ": " + std::generic_category().message(code));
        }
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
    if (::fdatasync(fd_) != 0)
        throw core::Error(errors::kState, file_.string() + ": " + std::generic_category().message(errno));
    size_ += text.size();
    state_.apply(record);
}

bool Journal::accepted(const std::string& taskId, int attempt, Object payload, core::Instant at) {
    const std::lock_guard lock(mutex_);
    if (state_.find(taskId, attempt) != nullptr)
        return false;
    JournalTask task;
    task.taskId = taskId;
    task.attempt = attempt;
    task.acceptedAt = at;
    task.payload = std::move(payload);
    append(acceptedRecord(task));
    return true;
}

void Journal::starting(const std::string& taskId, int attempt, core::Instant at,
                       const std::string& resticVersion, const std::vector<std::string>& missingSources,
                       int step) {
    const std::lock_guard lock(mutex_);
    JournalTask task;
    task.taskId = taskId;
    task.attempt = attempt;
    task.startedAt = at;
    task.resticVersion = resticVersion;
    task.missingSources = missingSources;
    task.step = step;
    append(startingRecord(task));
}

void Journal::spawned(const std::string& taskId, int attempt, const SpawnRecord& record) {
    const std::lock_guard lock(mutex_);
    JournalTask task;
    task.taskId = taskId;
    task.attempt = attempt;
    task.spawned = record;
    append(spawnedRecord(task));
}

void Journal::result(const std::string& taskId, int attempt, const Object& report) {
    const std::lock_guard lock(mutex_);
    JournalTask task;
    task.taskId = taskId;
    task.attempt = attempt;
    task.result = report;
    append(resultRecord(task));
}

void Journal::acknowledged(const std::string& taskId, int attempt) {
    const std::lock_guard lock(mutex_);
    append(make("acknowledged", taskId, attempt));
    if (size_ > kRewriteAt)
        rewrite();
}

void Journal::dropped(const std::string& taskId, int attempt) {
    const std::lock_guard lock(mutex_);
    append(make("dropped", taskId, attempt));
}

std::vector<JournalTask> Journal::open() const {
    const std::lock_guard lock(mutex_);
    return state_.open();
}

std::optional<JournalTask> Journal::find(const std::string& taskId, int attempt) {
    const std::lock_guard lock(mutex_);
    const auto* task = state_.find(taskId, attempt);
    return task == nullptr ? std::nullopt : std::optional(*task);
}

} // namespace agent
