#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "core/process.h"
#include "restic/protocol/maintenance_tasks.h"

namespace restic::cli {

/// Understands the output of `restic forget --json`: nothing at all where no snapshot matches, or one list of
/// groups. One thread.
class ForgetOutput {
public:
    static constexpr std::size_t kMostIds = 10000;

    void errorText(std::string_view line);
    void read(const std::filesystem::path& file, std::uint64_t offset);
    /// The list was there and whole.
    [[nodiscard]] bool complete() const noexcept { return whole_; }
    /// restic 0.18 and earlier end with 0 although they could not remove some.
    [[nodiscard]] bool couldNotRemove() const noexcept { return couldNotRemove_; }
    /// Writes what was kept and removed; nothing where restic did not get so far.
    void fill(protocol::ForgetResult& result) const;

private:
    std::uint64_t kept_ = 0;
    std::uint64_t removed_ = 0;
    std::vector<std::string> removedIds_;
    bool whole_ = false;
    bool empty_ = false;
    bool couldNotRemove_ = false;
};

} // namespace restic::cli
