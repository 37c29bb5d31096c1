#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "restic/cli/work.h"
#include "restic/find_output.h"
#include "restic/protocol/look_tasks.h"

namespace agent {

/// `restic find`, without a lock: each hit is an item of the result. It ends at protocol::kMostHits.
class Find : public restic::cli::ResticWork {
public:
    Find(restic::protocol::FindTask task, const restic::cli::WorkContext& context);

    [[nodiscard]] std::optional<restic::protocol::TaskError> problem() const override;
    std::vector<std::string> arguments(int step) override;
    void looked(const std::filesystem::path& file, std::uint64_t offset) override;
    [[nodiscard]] bool hasEnough() const override;
    void document(int step, const std::filesystem::path& file, std::uint64_t offset) override;
    [[nodiscard]] bool complete(int /*step*/) const override { return output_.ended(); }
    [[nodiscard]] std::optional<restic::cli::Verdict> judge(int step, const core::ProcessExit& exit,
                                                            const std::string& errors) override;
    core::json::Object result(restic::protocol::TaskResult common) override;
    [[nodiscard]] std::string summary() const override;

private:
    void hit(std::string_view text);
    void snapshot(std::string_view text);
    /// Those that wait for the name of their snapshot become items.
    void deliver(const std::optional<std::string>& snapshotId);

    restic::protocol::FindTask task_;
    restic::cli::ResultItems& items_;
    FindOutput output_;
    /// How far the output has been read.
    std::optional<std::uint64_t> read_;
    std::vector<restic::protocol::FoundItem> waiting_;
    std::uint64_t hits_ = 0;
    std::uint64_t snapshots_ = 0;
    bool truncated_ = false;
    /// Bytes that were read behind the last hit that counts, for the name of its snapshot.
    std::uint64_t readBehind_ = 0;
};

} // namespace agent
