#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace test {

/// Secrets that a test has sent or was given, to be looked for where they must not be. Thread-safe.
class Canaries {
public:
    /// Words shorter than this stand in other texts by chance.
    static constexpr std::size_t kShortest = 8;

    void add(const std::string& secret);
    /// What of them stands in a text: as it is, as JSON writes it, or in hexadecimal digits.
    [[nodiscard]] std::vector<std::string> in(std::string_view text) const;
    [[nodiscard]] std::size_t size() const;

private:
    mutable std::mutex mutex_;
    std::set<std::string> secrets_;
};

/// One sentence for each file below a folder, or for the file itself, that holds a secret. Names in `except`
/// are left out.
[[nodiscard]] std::vector<std::string> secretsInFiles(const Canaries& canaries, const std::string& path,
                                                      const std::set<std::string>& except = {});
/// The same for the command line and the environment of a process and of all that it started. `given` are
/// variables of the environment that the test itself has set.
[[nodiscard]] std::vector<std::string> secretsInProcesses(const Canaries& canaries, int pid,
                                                          const std::set<std::string>& given = {});
/// The same for every column of every table of a PostgreSQL database.
[[nodiscard]] std::vector<std::string> secretsInTables(const Canaries& canaries, const std::string& url);

} // namespace test
