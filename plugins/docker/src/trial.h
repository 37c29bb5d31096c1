#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "databases.h"

namespace docker {

/// What was found when a dump was loaded into a server that was started for it, and what the dump itself
/// says.
struct Trial {
    std::map<std::string, std::uint64_t> rows; ///< by table, as SQL names it
    std::map<std::string, std::uint64_t> expected;
    std::vector<std::string> warnings;
    /// Tables that do not hold what the dump does, each as a sentence's part.
    std::vector<std::string> different;
    Json server;
};

/// Tries the step's stream, a dump of a database that a server of the product made, in a container of that
/// image.
[[nodiscard]] Trial tryPostgres(const Step& step, const Engine& engine, const Settings& settings,
                                const std::string& image);
[[nodiscard]] Trial tryMysql(const Step& step, const Engine& engine, const Settings& settings,
                             const std::string& image, const std::string& product);

/// The name of the database that the dump is loaded into.
inline constexpr const char* kRestored = "restored";

/// Loads a dump that was kept; `command` is one that reads it. Failure if it does not end well.
void loadKept(
    const Step& step, const Engine& engine, const Database& database, const ExecCommand& command, int dump,
    const std::function<void(std::string_view)>& output = [](std::string_view) {});

} // namespace docker
