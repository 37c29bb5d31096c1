#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "core/process.h"

namespace test {

/// A repository in a folder, as restic itself sees it.
class RepositoryOnDisk {
public:
    RepositoryOnDisk(std::filesystem::path folder, std::string password)
        : folder_(std::move(folder)), password_(std::move(password)) {}

    /// Whether a repository is there at all.
    [[nodiscard]] bool exists() const;
    /// The whole ids of its snapshots, asked of restic. Throws std::runtime_error with what restic says.
    [[nodiscard]] std::set<std::string> snapshots() const;
    /// The names of its locks; what restic still writes has another name and is none.
    [[nodiscard]] std::vector<std::string> locks() const;

    /// One sentence for each snapshot that is there and not told of, or told of and not there. Who tells may
    /// know no more than an id's first eight digits.
    [[nodiscard]] static std::vector<std::string> differences(const std::set<std::string>& real,
                                                              const std::multiset<std::string>& told);

private:
    std::filesystem::path folder_;
    std::string password_;
};

} // namespace test
