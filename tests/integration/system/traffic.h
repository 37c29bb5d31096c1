#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "support/canaries.h"

namespace test {

/// What a test and the host said to each other, as far as it matters at the test's end: secrets that went one
/// way or the other, answers that held one, repositories that were registered. Thread-safe.
class Traffic {
public:
    struct Repository {
        std::filesystem::path folder;
        std::string password;
    };

    /// A request and its answer, 0 if there was none.
    void note(const std::string& method, const std::string& path, const std::string& authorization,
              const std::string& request, int status, const std::string& answer);
    /// A command of the host's command line and what it said.
    void noteCommand(const std::string& output, const std::string& error);
    /// A secret that went another way.
    void secret(const std::string& value) { canaries_.add(value); }

    /// The repository opens with this one, whatever the host was told.
    void opens(const std::string& repository, const std::string& password);

    [[nodiscard]] const Canaries& canaries() const noexcept { return canaries_; }
    /// Those on a disk, by id, with the password that was given last.
    [[nodiscard]] std::map<std::string, Repository> repositories() const;
    /// One sentence for each answer that held a secret which was not given out with it.
    [[nodiscard]] std::vector<std::string> complaints() const;

private:
    void judge(const std::string& where, const std::string& text);

    Canaries canaries_;
    mutable std::mutex mutex_;
    std::map<std::string, Repository> repositories_;
    std::vector<std::string> complaints_;
};

} // namespace test
