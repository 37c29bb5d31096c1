#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/log.h"
#include "core/process.h"
#include "restic/cli/verdict.h"
#include "restic/protocol/task_messages.h"

namespace restic::cli {

/// Takes the items of a result, of which there may be very many.
class ResultItems {
public:
    virtual ~ResultItems() = default;
    /// The result has items from now on, none yet.
    virtual void begin() = 0;
    /// False for an item that is left out.
    virtual bool append(const core::json::Object& item) = 0;
};

/// Of work whose result has none.
class NoItems final : public ResultItems {
public:
    void begin() override {}
    bool append(const core::json::Object& /*item*/) override { return false; }
};

/// What a piece of work knows of whoever asks for it.
struct WorkContext {
    /// Of the machine where restic runs.
    std::string hostname;
    /// For a word in the log.
    std::function<void(core::LogLevel, const std::string&)> log;
    /// Where the items of its result go, of a kind that has some.
    ResultItems& items;
    /// False: for one who only looks. Nothing is written, no lock either.
    bool mayLock = true;
};

/// What one kind of work makes of restic: its commands, one after the other, and what their outputs mean. One
/// thread.
class ResticWork {
public:
    virtual ~ResticWork() = default;

    /// Why it must not be carried out, whoever asks.
    [[nodiscard]] virtual std::optional<protocol::TaskError> problem() const { return std::nullopt; }
    /// The arguments of the command with this number, from 0; empty: there is no further one.
    virtual std::vector<std::string> arguments(int step) = 0;
    /// A message that restic wrote as JSON on one line, to either output.
    virtual void message(const core::json::Value& /*document*/) {}
    /// A line of plain text on its output.
    virtual void text(std::string_view /*line*/) {}
    /// A line of plain text on its error output.
    virtual void errorText(std::string_view /*line*/) {}
    /// Its output so far, while it runs: for work that must not wait until the end of a line that holds all.
    virtual void looked(const std::filesystem::path& /*file*/, std::uint64_t /*offset*/) {}
    /// It has all that it wants of the command, which is interrupted then; judge() says that it ended well.
    [[nodiscard]] virtual bool hasEnough() const { return false; }
    /// The command has ended: its whole output, where one line does not hold it.
    virtual void document(int /*step*/, const std::filesystem::path& /*file*/, std::uint64_t /*offset*/) {}

    /// How far it is, where its messages told since this was asked last.
    virtual std::optional<protocol::Progress> takeProgress() { return std::nullopt; }
    /// Whether the outputs tell that the command did its work: asked where nobody saw how it ended.
    [[nodiscard]] virtual bool complete(int step) const = 0;
    /// The kind's own judgement of a command; nullopt: by the exit code, as everywhere.
    [[nodiscard]] virtual std::optional<Verdict> judge(int /*step*/, const core::ProcessExit& /*exit*/,
                                                       const std::string& /*errors*/) {
        return std::nullopt;
    }
    /// The result of the kind's type, with what all results have.
    virtual core::json::Object result(protocol::TaskResult common) = 0;
    /// One line for the log, when all went well.
    [[nodiscard]] virtual std::string summary() const = 0;
};

} // namespace restic::cli
