#pragma once

#include <string>
#include <vector>

#include "restic/cli/work.h"

namespace restic::cli {

/// `restic ls` of one snapshot, without a lock: the paths of all that is in it, in restic's order.
class ListFiles : public ResticWork {
public:
    /// `snapshot`: 64 or at least 8 digits. At most `most` paths are kept.
    ListFiles(std::string snapshot, std::size_t most) : snapshot_(std::move(snapshot)), most_(most) {}

    std::vector<std::string> arguments(int step) override;
    void message(const core::json::Value& document) override;
    [[nodiscard]] bool complete(int /*step*/) const override { return listed_; }
    core::json::Object result(protocol::TaskResult common) override;
    [[nodiscard]] std::string summary() const override;

    [[nodiscard]] const std::vector<std::string>& paths() const noexcept { return paths_; }
    /// There are more than were kept.
    [[nodiscard]] bool truncated() const noexcept { return truncated_; }

private:
    std::string snapshot_;
    std::size_t most_;
    std::vector<std::string> paths_;
    bool listed_ = false;
    bool truncated_ = false;
};

} // namespace restic::cli
