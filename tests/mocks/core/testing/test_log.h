#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/log.h"

namespace core::testkit {

/// A log that keeps its lines.
class TestLog {
public:
    TestLog() : sink_(std::make_shared<Sink>()), hub_(LogFormat::json, LogLevel::debug, sink_) {}
    [[nodiscard]] Logger logger(std::string name = "test") { return {hub_, std::move(name)}; }
    [[nodiscard]] std::string text() const { return sink_->text(); }

private:
    class Sink final : public LogSink {
    public:
        void write(LogLevel, std::string_view line) noexcept override {
            const std::lock_guard lock(mutex_);
            text_.append(line).append("\n");
        }
        std::string text() const {
            const std::lock_guard lock(mutex_);
            return text_;
        }

    private:
        mutable std::mutex mutex_;
        std::string text_;
    };
    std::shared_ptr<Sink> sink_;
    LogHub hub_;
};

} // namespace core::testkit
