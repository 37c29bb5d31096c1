#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/json.h"
#include "core/wire.h"

namespace agent {

/// What the process of one step is told: a file in the agent's memory, since it holds secrets.
struct StepRequest {
    /// The library, and what its manifest says of it.
    std::string library;
    std::string name;
    std::string version;
    /// "validate", "probe", "dump", "after", "cleanup", "restore" or "verify".
    std::string step;
    core::json::Object settings;
    core::json::Object item;
    core::json::Object options;
    std::string outcome;
    std::string workFolder;
    std::string stateFolder;
    std::string folder;
    /// Which of its standard streams is the dump: "out", "in" or "".
    std::string stream;
    /// The file that gets its messages, one JSON object in a line.
    std::string messages;
    /// The agent's process: the step ends with it.
    int agentPid = 0;
    std::int64_t agentTicks = 0;
    /// What programs of the step are given.
    std::map<std::string, std::string> environment;
    /// Bytes that the plugin itself may use; 0: no limit. Not for the programs that it runs.
    std::int64_t memoryLimit = 0;
};

const core::wire::Type& wireType(const StepRequest*);

/// Messages of a step, each a JSON object with `type`.
namespace step_message {
inline constexpr const char* kLog = "log";           ///< level, text
inline constexpr const char* kAnswer = "answer";     ///< value
inline constexpr const char* kFail = "fail";         ///< message, hint
inline constexpr const char* kProgress = "progress"; ///< done, total
/// The last one of a step that came to its end: ok.
inline constexpr const char* kEnd = "end";
/// Bytes of a line; longer texts are cut, longer answers refused.
inline constexpr std::size_t kMostText = 8192;
inline constexpr std::size_t kMostAnswer = 4U << 20U;
inline constexpr int kMostLogLines = 10000;
} // namespace step_message

} // namespace agent
