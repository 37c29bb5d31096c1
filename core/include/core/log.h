#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/export.h"
#include "core/json.h"

namespace core {

enum class LogLevel { debug, info, warn, error };

/// "debug", "info", "warn" (also "warning"), "error"; nullopt for anything else.
CORE_EXPORT std::optional<LogLevel> parseLogLevel(std::string_view text) noexcept;
CORE_EXPORT std::string_view logLevelName(LogLevel level) noexcept;

/// One named value of a log line. Names in use: module request_id tenant_id task_id agent_id error.
struct LogField {
    std::string_view name;
    json::Value value;
};
using LogFields = std::initializer_list<LogField>;

/// Where finished lines go. Called by many threads at once.
class CORE_EXPORT LogSink {
public:
    virtual ~LogSink();
    virtual void write(LogLevel level, std::string_view line) noexcept = 0;
};

enum class LogFormat { json, text };

/// The root of all loggers: level, format, sink, and the secrets that no line may contain.
/// Thread-safe after construction.
class CORE_EXPORT LogHub {
public:
    LogHub(LogFormat format, LogLevel level, std::shared_ptr<LogSink> sink);
    ~LogHub();
    LogHub(const LogHub&) = delete;
    LogHub& operator=(const LogHub&) = delete;

    /// From now on every occurrence is written as "***", also escaped for JSON, percent-encoded, in base64,
    /// and each line of a secret that has several. Short ones (below 6 characters) are ignored: they would
    /// redact ordinary words. Half a secret is not recognised: redact a text before cutting it.
    void addSecret(std::string_view secret);
    /// The text with all registered secrets masked.
    /// Passwords within URLs are masked whether or not they are known.
    [[nodiscard]] std::string redact(std::string_view text) const;
    void setLevel(LogLevel level) noexcept;
    void setFormat(LogFormat format) noexcept;
    [[nodiscard]] bool enabled(LogLevel level) const noexcept;
    void write(LogLevel level, std::string_view logger, std::string_view message, LogFields fields) noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Writes to a file descriptor, one write(2) a line.
CORE_EXPORT std::shared_ptr<LogSink> makeFdSink(int fd);

/// A named view of a LogHub, cheap to copy. The hub must outlive it. The message is a constant sentence; what
/// varies goes into fields, so that no text of a user can forge a line.
class CORE_EXPORT Logger {
public:
    Logger(LogHub& hub, std::string name) : hub_(&hub), name_(std::move(name)) {}

    void debug(std::string_view message, LogFields fields = {}) const {
        write(LogLevel::debug, message, fields);
    }
    void info(std::string_view message, LogFields fields = {}) const {
        write(LogLevel::info, message, fields);
    }
    void warn(std::string_view message, LogFields fields = {}) const {
        write(LogLevel::warn, message, fields);
    }
    void error(std::string_view message, LogFields fields = {}) const {
        write(LogLevel::error, message, fields);
    }
    [[nodiscard]] Logger named(std::string name) const { return {*hub_, std::move(name)}; }
    [[nodiscard]] LogHub& hub() const noexcept { return *hub_; }

private:
    void write(LogLevel level, std::string_view message, LogFields fields) const {
        if (hub_->enabled(level))
            hub_->write(level, name_, message, fields);
    }

    LogHub* hub_;
    std::string name_;
};

} // namespace core
