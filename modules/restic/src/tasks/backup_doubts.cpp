#include "tasks/backup_doubts.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/text.h"
#include "restic/protocol/notices.h"

namespace restic {

namespace {
/// Fewer files than one in so many of the last time's are no ordinary day.
constexpr std::int64_t kCollapse = 10;
/// Of so few, a tenth says nothing.
constexpr std::int64_t kFew = 20;
constexpr std::chrono::minutes kClockTolerance{5};
/// Of less, or of fewer runs, half says nothing.
constexpr std::int64_t kLittle = 65536;
constexpr std::size_t kFewRuns = 3;

/// Of what the last runs saved; nullopt where that is no measure.
std::optional<std::int64_t> usualBytes(std::vector<std::int64_t> last) {
    if (last.size() < kFewRuns)
        return std::nullopt;
    const auto middle = last.begin() + static_cast<std::ptrdiff_t>(last.size() / 2);
    std::nth_element(last.begin(), middle, last.end());
    return *middle >= kLittle ? std::optional(*middle) : std::nullopt;
}

std::string files(std::int64_t count) {
    return count == 1 ? "1 file" : fmt::format("{} files", count);
}

std::string duration(core::microseconds time) {
    const auto hours = std::chrono::round<std::chrono::hours>(time).count();
    if (hours >= 1)
        return hours == 1 ? "1 hour" : fmt::format("{} hours", hours);
    return fmt::format("{} minutes", std::chrono::round<std::chrono::minutes>(time).count());
}
} // namespace

std::string doubtsAbout(const protocol::BackupResult& result, const Expected& expected, core::Instant now) {
    std::string all;
    const auto add = [&all](const std::string& sentence) {
        if (!all.empty())
            all += ' ';
        all += sentence;
    };
    const bool dumped = std::any_of(result.dumps.begin(), result.dumps.end(), [](const auto& dump) {
        return dump.state == protocol::dump_state::kSaved;
    });
    // A backup of databases alone has no snapshot of files.
    if (!result.snapshotId && !result.shortId && !(dumped && result.paths.empty()))
        add("The agent named no snapshot: nothing shows that anything was saved.");
    if (result.totalFilesProcessed) {
        const auto saved = static_cast<std::int64_t>(*result.totalFilesProcessed);
        const auto last = expected.lastFiles.value_or(0);
        const auto told = [&](std::string_view code) {
            return std::any_of(result.notices.begin(), result.notices.end(),
                               [&](const auto& notice) { return notice.code == code; });
        };
        if (saved == 0 && last == 0 && told(protocol::notices::kEverythingExcluded.code))
            ; // the agent's own sentence says it
        else if (saved == 0)
            add(last > 0
                    ? fmt::format("No file was saved; the last run had {}. Is what is backed up mounted?",
                                  files(last))
                    : "No file was saved: the sources are empty, or everything in them was excluded.");
        else if (last >= kFew && saved < last / kCollapse)
            add(fmt::format("Only {} {} saved; the last run had {}. Is what is backed up mounted?",
                            files(saved), saved == 1 ? "was" : "were", files(last)));
    }
    if (result.outcome == "success") {
        // What an agent should have called a warning itself.
        const auto unread = std::max<std::uint64_t>(result.unreadCount, result.unreadItems.size());
        if (unread > 0)
            add(fmt::format("{} could not be read.", files(static_cast<std::int64_t>(unread))));
        if (!result.missingSources.empty())
            add(fmt::format("The source {} does not exist.", result.missingSources.front()));
        if (result.exitCode.value_or(0) != 0)
            add(fmt::format("restic ended with the exit code {}.", *result.exitCode));
    }
    if (expected.minSizeBytes && result.totalBytesProcessed &&
        static_cast<std::int64_t>(*result.totalBytesProcessed) < *expected.minSizeBytes)
        add(fmt::format("The sources have {}; the policy expects at least {}.",
                        core::formatBytes(*result.totalBytesProcessed),
                        core::formatBytes(static_cast<std::uint64_t>(*expected.minSizeBytes))));
    for (const auto& notice : result.notices)
        if (protocol::notices::warns(notice.code) && notice.code != protocol::notices::kNothingSaved.code)
            add(notice.message);
    const auto machine = result.endedAt ? result.endedAt : result.time;
    if (machine && *machine > now + kClockTolerance)
        add(fmt::format("The clock of the agent's machine is {} ahead.", duration(*machine - now)));
    return all;
}

std::int64_t unreadFiles(const protocol::BackupResult& result) {
    const auto all = std::max<std::uint64_t>(result.unreadCount, result.unreadItems.size());
    const std::uint64_t missing = result.missingSources.size();
    return static_cast<std::int64_t>(all > missing ? all - missing : 0);
}

std::string reasonsToHold(const protocol::BackupResult& result, const Expected& expected, core::Instant now) {
    // Without what is unread, which is a matter of how much, and with what an agent calls a warning itself.
    protocol::BackupResult rest = result;
    rest.outcome = "success";
    rest.exitCode.reset();
    rest.unreadCount = 0;
    rest.unreadItems.clear();
    std::erase_if(rest.notices, [&](const auto& notice) {
        return notice.code == protocol::notices::kFilesUnreadable.code ||
               (notice.code == protocol::notices::kSourceMissing.code && !result.missingSources.empty());
    });
    auto reasons = doubtsAbout(rest, expected, now);
    const auto usual = usualBytes(expected.lastBytes);
    if (usual && result.totalBytesProcessed &&
        static_cast<std::int64_t>(*result.totalBytesProcessed) < *usual / 2)
        reasons +=
            (reasons.empty() ? "" : " ") + fmt::format("The sources have {}, less than half of the usual {}.",
                                                       core::formatBytes(*result.totalBytesProcessed),
                                                       core::formatBytes(static_cast<std::uint64_t>(*usual)));
    const auto unread = unreadFiles(result);
    if (unread > expected.knownUnread) {
        if (!reasons.empty())
            reasons += ' ';
        reasons += fmt::format("{} could not be read; in the run before it was {}.", files(unread),
                               expected.knownUnread);
    }
    // A warning of which nothing says what it is of.
    if (reasons.empty() && result.exitCode.value_or(0) != 0 && unread == 0 && result.vanishedCount == 0)
        reasons = fmt::format("restic ended with the exit code {}.", *result.exitCode);
    return reasons;
}

} // namespace restic
