#include "restic/cli/work_runner.h"

#include <algorithm>
#include <array>
#include <fstream>

#include <fmt/format.h>

#include "core/line_splitter.h"
#include "core/text.h"
#include "core/uuid.h"
#include "restic/cli/json_message.h"
#include "restic/cli/output_lines.h"
#include "restic/protocol/task_errors.h"

namespace restic::cli {
namespace {
namespace task_errors = protocol::task_errors;
using std::chrono::milliseconds;

/// Of one who only looks nothing is lost when it ends.
constexpr milliseconds kGrace{5000};

/// A file of a command's output, gone with this object.
class OutputFile {
public:
    explicit OutputFile(const std::filesystem::path& folder)
        : path_(folder / (core::Uuid::generate(
                              std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()))
                              .toString() +
                          ".out")) {}
    ~OutputFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

    template <typename Line>
    void read(const Line& line) const {
        std::ifstream in(path_, std::ios::binary);
        core::LineSplitter lines(json::kMaxLine);
        std::array<char, 65536> piece{};
        while (in.read(piece.data(), piece.size()) || in.gcount() > 0)
            lines.feed({piece.data(), static_cast<std::size_t>(in.gcount())}, line);
        lines.finish(line);
    }

private:
    std::filesystem::path path_;
};
} // namespace

std::optional<protocol::TaskError> WorkRunner::run(const RepositoryAccess& repository, ResticWork& work,
                                                   const Limits& limits, const std::stop_token& stop) const {
    if (auto problem = work.problem())
        return problem;
    const auto until = std::chrono::steady_clock::now() + limits.timeout;
    OutputLines lines(work);
    for (int step = 0;; ++step) {
        const auto arguments = work.arguments(step);
        if (arguments.empty())
            return std::nullopt;
        lines.begin();
        const OutputFile file(folder_);
        auto command = commands_.on(repository, arguments);
        command.spec.standardOutput = core::ProcessOutput::toFile(file.path());
        command.spec.timeout =
            std::max(milliseconds(1),
                     std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now()));
        command.spec.interruptGrace = kGrace;
        std::stop_source either;
        const std::stop_callback byCaller(stop, [&] { either.request_stop(); });
        RetryWatch tries(limits.patience);
        command.spec.standardError = core::ProcessOutput::toSink([&](std::string_view piece) {
            if (tries.append(piece))
                either.request_stop();
        });
        auto ended = processes_.run(command.spec, either.get_token());
        if (!ended) {
            const bool absent = ended.error().name() == core::errors::kProgramNotFound.name;
            return task_errors::make(absent ? task_errors::kResticNotFound : task_errors::kCommandFailed,
                                     ended.error().what());
        }
        core::LineSplitter errors(json::kMaxLine);
        const auto errorLine = [&](std::string_view line) { lines.error(line); };
        errors.feed(tries.text(), errorLine);
        errors.finish(errorLine);
        if (command.ofSsh)
            command.ofSsh->read(errorLine);
        auto exit = ended.value().exit;
        if (tries.ended())
            exit = {.code = 1}; // it failed by itself, and only went on trying
        else if (ended.value().cancelled)
            return task_errors::make(task_errors::kInterrupted, "restic was stopped before it had answered");
        else if (ended.value().timedOut) {
            const auto& cause = classifyFailure({.code = 1}, lines.errors());
            if (&cause != &task_errors::kCommandFailed)
                return task_errors::make(cause, failureMessage({.code = 1}, lines.errors()));
            return task_errors::make(task_errors::kNetworkTimeout,
                                     fmt::format("restic {} did not end within {}", arguments.front(),
                                                 core::formatDuration(limits.timeout)));
        }
        file.read([&](std::string_view line) { lines.output(line); });
        work.document(step, file.path(), 0);
        auto verdict = work.judge(step, exit, lines.errors());
        if (!verdict && !exit.ok())
            verdict = judgeFailure(exit, lines.errors(), StopReason::none);
        if (verdict && verdict->state != protocol::TaskState::success)
            return verdict->error.value_or(task_errors::make(task_errors::kCommandFailed));
    }
}

} // namespace restic::cli
