#include "core/log.h"

#include "core/text.h"

#include <atomic>
#include <mutex>
#include <shared_mutex>

#include <unistd.h>

#include "core/time.h"
#include "secret_mask.h"

namespace core {

std::optional<LogLevel> parseLogLevel(std::string_view text) noexcept {
    if (text == "debug")
        return LogLevel::debug;
    if (text == "info")
        return LogLevel::info;
    if (text == "warn" || text == "warning")
        return LogLevel::warn;
    if (text == "error")
        return LogLevel::error;
    return std::nullopt;
}

std::string_view logLevelName(LogLevel level) noexcept {
    constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};
    return kNames[static_cast<int>(level)];
}

LogSink::~LogSink() = default;

struct LogHub::State {
    std::atomic<LogFormat> format;
    std::atomic<LogLevel> level;
    std::shared_ptr<LogSink> sink;
    mutable std::shared_mutex mutex;
    SecretMask secrets;
};

LogHub::LogHub(LogFormat format, LogLevel level, std::shared_ptr<LogSink> sink)
    : state_(std::make_unique<State>()) {
    state_->format = format;
    state_->level = level;
    state_->sink = std::move(sink);
}
LogHub::~LogHub() = default;

void LogHub::addSecret(std::string_view secret) {
    const std::unique_lock lock(state_->mutex);
    state_->secrets.add(secret);
}

std::string LogHub::redact(std::string_view text) const {
    const std::shared_lock lock(state_->mutex);
    return withoutUrlPasswords(state_->secrets.apply(text));
}

void LogHub::setLevel(LogLevel level) noexcept {
    state_->level = level;
}
void LogHub::setFormat(LogFormat format) noexcept {
    state_->format = format;
}
bool LogHub::enabled(LogLevel level) const noexcept {
    return level >= state_->level.load(std::memory_order_relaxed);
}

void LogHub::write(LogLevel level, std::string_view logger, std::string_view message,
                   LogFields fields) noexcept {
    try {
        std::string line;
        const std::string now = formatInstant(SystemClock().now());
        if (state_->format == LogFormat::json) {
            line += R"({"ts":")" + now + R"(","level":")";
            line += logLevelName(level);
            line += R"(","msg":)";
            json::writeString(message, line);
            if (!logger.empty()) {
                line += R"(,"module":)";
                json::writeString(logger, line);
            }
            for (const auto& [name, value] : fields) {
                line += ',';
                json::writeString(name, line);
                line += ':';
                json::write(value, line);
            }
            line += '}';
        } else {
            line = now + ' ' + std::string(logLevelName(level));
            line.resize(now.size() + 6, ' ');
            if (!logger.empty())
                line += '[' + std::string(logger) + "] ";
            std::string quoted;
            json::writeString(message, quoted);
            line.append(quoted, 1, quoted.size() - 2);
            for (const auto& [name, value] : fields) {
                line += ' ';
                line += name;
                line += '=';
                json::write(value, line);
            }
        }
        state_->sink->write(level, redact(line));
    } catch (
        ...) { // NOLINT(bugprone-empty-catch): out of memory while logging; there is nowhere left to say it
    }
}

namespace {
class FdSink final : public LogSink {
public:
    explicit FdSink(int fd) : fd_(fd) {}
    void write(LogLevel, std::string_view line) noexcept override {
        try {
            std::string text(line);
            text += '\n';
            const std::lock_guard lock(mutex_);
            std::string_view rest = text;
            while (!rest.empty()) {
                const auto written = ::write(fd_, rest.data(), rest.size());
                if (written < 0) {
                    if (errno == EINTR)
                        continue;
                    return;
                }
                rest.remove_prefix(static_cast<std::size_t>(written));
            }
        } catch (...) { // NOLINT(bugprone-empty-catch): see LogHub::write
        }
    }

private:
    int fd_;
    std::mutex mutex_;
};
} // namespace

std::shared_ptr<LogSink> makeFdSink(int fd) {
    return std::make_shared<FdSink>(fd);
}

} // namespace core
