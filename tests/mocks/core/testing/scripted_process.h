#pragma once

#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/process.h"

namespace core::testkit {

/// What a scripted program does when it is started.
struct ScriptedRun {
    ProcessExit exit = {};
    std::string output = {};
    std::string error = {};
    /// The start itself fails with this.
    std::optional<Error> startError = {};
};

/// Plays recorded outputs instead of starting programs, and remembers what it was asked to start.
class ScriptedProcessRunner final : public ProcessRunner {
public:
    void next(ScriptedRun run) {
        const std::lock_guard lock(mutex_);
        runs_.push_back(std::move(run));
    }
    [[nodiscard]] std::vector<ProcessSpec> started() const {
        const std::lock_guard lock(mutex_);
        return started_;
    }

    Result<std::unique_ptr<Process>> start(const ProcessSpec& spec) override {
        const std::lock_guard lock(mutex_);
        started_.push_back(spec);
        if (runs_.empty())
            return Error(errors::kProcessFailed, "nothing is scripted for " + spec.program);
        auto run = std::move(runs_.front());
        runs_.pop_front();
        if (run.startError)
            return *run.startError;
        return std::unique_ptr<Process>(std::make_unique<Played>(spec, std::move(run)));
    }
    std::unique_ptr<Process> adopt(int, std::uint64_t) override { return nullptr; }

private:
    class Played final : public Process {
    public:
        Played(const ProcessSpec& spec, ScriptedRun run) : exit_(run.exit) {
            deliver(spec.standardOutput, run.output, output_);
            deliver(spec.standardError, run.error, error_);
        }
        [[nodiscard]] int pid() const noexcept override { return 4242; }
        [[nodiscard]] std::uint64_t startTicks() const noexcept override { return 1; }
        std::optional<ProcessExit> wait(std::chrono::milliseconds) override { return exit_; }
        void signal(int) noexcept override {}
        /// Nobody reads.
        [[nodiscard]] int input() const noexcept override { return -1; }
        void closeInput() noexcept override {}
        void detach() noexcept override {}
        [[nodiscard]] const std::string& capturedOutput() const noexcept override { return output_; }
        [[nodiscard]] const std::string& capturedError() const noexcept override { return error_; }
        [[nodiscard]] bool truncated() const noexcept override { return false; }

    private:
        static void deliver(const ProcessOutput& target, const std::string& text, std::string& captured) {
            using Kind = ProcessOutput::Kind;
            if (target.kind == Kind::capture)
                captured = text.substr(0, target.limit);
            else if (target.kind == Kind::sink)
                target.receive(text);
            else if (target.kind == Kind::file)
                std::ofstream(target.path, std::ios::app | std::ios::binary) << text;
        }
        ProcessExit exit_;
        std::string output_;
        std::string error_;
    };

    mutable std::mutex mutex_;
    std::deque<ScriptedRun> runs_;
    std::vector<ProcessSpec> started_;
};

} // namespace core::testkit
