#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "restic/cli/version.h"
#include "restic/cli/work.h"
#include "restic/protocol/notices.h"
#include "restic/protocol/restore_task.h"

namespace agent {

/// Whether it writes through links that it meets, and has nothing but --target and --include.
[[nodiscard]] constexpr bool followsLinks(const restic::cli::ResticVersion& version) noexcept {
    return version < restic::cli::ResticVersion{0, 17, 0};
}

[[nodiscard]] constexpr bool makesHoles(const restic::cli::ResticVersion& version) noexcept {
    return version >= restic::cli::ResticVersion{0, 15, 0};
}

/// `restic restore`: files of a snapshot come back. Where to was looked at before (restore_place.h).
class Restore : public restic::cli::ResticWork {
public:
    using Note = std::function<void(const restic::protocol::notices::Kind&, std::string)>;
    Restore(restic::protocol::RestoreTask task, restic::cli::WorkContext context, Note note);

    /// The folder under which it puts things, no link in it.
    void setPlace(std::string folder) { place_ = std::move(folder); }
    /// Long runs of zeros become holes: where no file is there whose old content they would leave.
    void setSparse() { sparse_ = true; }
    /// What the snapshot was seen to have of it, and the paths that it lacks.
    void setListed(std::uint64_t files, std::uint64_t bytes) {
        listedFiles_ = files;
        listedBytes_ = bytes;
    }
    void setMissing(std::vector<std::string> paths) { missing_ = std::move(paths); }

    [[nodiscard]] std::optional<restic::protocol::TaskError> problem() const override;
    std::vector<std::string> arguments(int step) override;
    void message(const core::json::Value& document) override;
    void text(std::string_view line) override;
    void errorText(std::string_view line) override;
    std::optional<restic::protocol::Progress> takeProgress() override;
    [[nodiscard]] bool complete(int step) const override;
    [[nodiscard]] std::optional<restic::cli::Verdict> judge(int step, const core::ProcessExit& exit,
                                                            const std::string& errors) override;
    core::json::Object result(restic::protocol::TaskResult common) override;
    [[nodiscard]] std::string summary() const override;

private:
    struct Failed {
        std::string message;
        /// Its content is there; its owner, times or attributes are not.
        bool attributesOnly = false;
    };
    /// Of restic's last message.
    struct Counts {
        std::uint64_t total = 0;
        std::uint64_t files = 0;
        std::uint64_t bytes = 0;
        std::uint64_t skipped = 0;
        std::uint64_t bytesSkipped = 0;
    };

    void failed(const std::string& path, const std::string& message);
    [[nodiscard]] bool isThereAlready(const std::string& path, const std::string& message) const;
    [[nodiscard]] std::vector<std::string> missing() const;
    std::optional<restic::cli::Verdict> judgeGoodEnd();
    restic::cli::Verdict judgeFailures(const core::ProcessExit& exit, const std::string& errors);

    restic::protocol::RestoreTask task_;
    restic::cli::WorkContext context_;
    Note note_;
    std::string place_;
    std::optional<std::uint64_t> listedFiles_;
    std::optional<std::uint64_t> listedBytes_;
    std::optional<std::vector<std::string>> missing_;
    std::map<std::string, Failed> failed_;
    std::uint64_t harmless_ = 0;
    std::optional<std::uint64_t> saidFailures_;
    std::optional<restic::protocol::Progress> progress_;
    std::optional<Counts> summary_;
    bool sparse_ = false;
    bool saidVerified_ = false;
    bool ended_ = false;
};

} // namespace agent
