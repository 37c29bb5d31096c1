#include "restic/cli/check.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/wire.h"
#include "restic/cli/error_text.h"
#include "restic/cli/json_message.h"
#include "restic/protocol/task_errors.h"

namespace restic::cli {
namespace {
namespace task_errors = protocol::task_errors;
constexpr std::size_t kMostErrors = 100;
constexpr std::size_t kMostPacks = 1000;

std::string trimmedEnd(std::string text) {
    text.erase(text.find_last_not_of(" \n\r") + 1);
    return text;
}

/// What restic says beside errors, by the same way: what to do about them, and more of the line before.
bool tellsNoError(std::string_view text) {
    for (const std::string_view beginning :
         {"\n", " ", "\t", "restic repair ", "Damaged pack files can be caused",
          "The repository contains damaged", "The repository is damaged", "Fatal:", "using temporary cache",
          "create exclusive lock"})
        if (text.starts_with(beginning))
            return true;
    // Tries that are not the last.
    return text.empty() || text.find("returned error, retrying after") != std::string_view::npos;
}

/// The pack that a sentence says is damaged or gone; empty for none.
std::string_view packIn(std::string_view text) {
    constexpr std::size_t kIdLength = 64;
    for (const std::string_view before : {"pack ", "Pack ID does not match, want "}) {
        if (!text.starts_with(before))
            continue;
        const auto id = text.substr(before.size(), kIdLength);
        if (id.size() == kIdLength && id.find_first_not_of("0123456789abcdef") == std::string_view::npos)
            return id;
    }
    return {};
}
} // namespace

Check::Check(protocol::CheckTask task, const WorkContext& context)
    : task_(std::move(task)), mayLock_(context.mayLock) {
    if (task_.checkUnused)
        context.log(core::LogLevel::info, "check_unused is without effect: restic ignores it");
}

std::vector<std::string> Check::arguments(int step) {
    if (step != 0)
        return {};
    errorCount_ = 0;
    toldErrors_.reset();
    result_ = {};
    clean_ = damaged_ = false;
    std::vector<std::string> arguments{"check", "--json"};
    if (!mayLock_)
        arguments.emplace_back("--no-lock");
    if (task_.readDataSubset) {
        arguments.push_back("--read-data-subset=" + *task_.readDataSubset);
        result_.dataRead = task_.readDataSubset;
    } else if (task_.readData) {
        arguments.emplace_back("--read-data");
        result_.dataRead = "all";
    }
    return arguments;
}

void Check::message(const core::json::Value& document) {
    const auto type = document.stringOr("message_type");
    if (type == "error") {
        if (const auto said = document.stringOr("message"); !tellsNoError(said))
            addError(plainLine(trimmedEnd(said)));
    } else if (type == "summary") {
        if (const auto count = json::count(document, "num_errors")) {
            clean_ = *count == 0;
            if (*count > 0)
                toldErrors_ = *count;
        }
        if (const auto* packs = document.find("broken_packs"); packs != nullptr && packs->array() != nullptr)
            for (const auto& pack : *packs->array())
                if (pack.string() != nullptr)
                    addPack(pack.string()->substr(0, 64));
        result_.suggestRepairIndex = document.booleanOr("suggest_repair_index");
        result_.suggestPrune = document.booleanOr("suggest_prune");
    }
}

void Check::text(std::string_view line) {
    if (line == "no errors were found")
        clean_ = true;
}

void Check::errorText(std::string_view line) {
    // Before 0.18 each line of the error output tells of damage, but for a few.
    if (!tellsNoError(line))
        addError(line);
}

void Check::addPack(std::string_view id) {
    auto& packs = result_.damagedPacks;
    if (!id.empty() && packs.size() < kMostPacks && std::find(packs.begin(), packs.end(), id) == packs.end())
        packs.emplace_back(id);
}

void Check::addError(std::string_view text) {
    addPack(packIn(text));
    ++errorCount_;
    if (result_.errors.size() < kMostErrors)
        result_.errors.emplace_back(text.substr(0, 1024));
}

std::optional<Verdict> Check::judge(int, const core::ProcessExit& exit, const std::string& errors) {
    if (!exit.known || exit.signal != 0 || exit.code != 1 || errorCount_ == 0)
        return std::nullopt;
    const auto& cause = classifyFailure(exit, errors);
    if (&cause != &task_errors::kRepositoryCorrupted && &cause != &task_errors::kCommandFailed)
        return std::nullopt;
    damaged_ = true;
    const auto count = toldErrors_.value_or(errorCount_);
    return Verdict{protocol::TaskState::failed, "failed",
                   task_errors::make(task_errors::kRepositoryCorrupted,
                                     fmt::format("restic check found {}: {}",
                                                 count == 1 ? "an error" : fmt::format("{} errors", count),
                                                 result_.errors.front()))};
}

core::json::Object Check::result(protocol::TaskResult common) {
    if (common.outcome == "success") {
        result_.errorCount = 0;
    } else if (damaged_) {
        result_.errorCount = toldErrors_.value_or(errorCount_);
    } else {
        result_ = {}; // why restic did not get to check anything is no damage
    }
    static_cast<protocol::TaskResult&>(result_) = std::move(common);
    return *core::wire::toJson(result_).object();
}

std::string Check::summary() const {
    return task_.readData || task_.readDataSubset ? "No errors were found, in structure and data"
                                                  : "No errors were found in the repository's structure";
}

} // namespace restic::cli
