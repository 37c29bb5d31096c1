#pragma once

#include <array>
#include <string_view>

/// Codes of TaskNotice: what can be remarkable about a task that has ended. Those of `warns` make a warning
/// of a success.
namespace restic::protocol::notices {

struct Kind {
    std::string_view code;
    bool warns = true;
};

inline constexpr Kind kSourceMissing{"SourceMissing"};
inline constexpr Kind kFilesUnreadable{"FilesUnreadable"};
inline constexpr Kind kFilesVanished{"FilesVanished", false};
/// A symbolic link as source: restic saves the link and nothing of what it points to.
inline constexpr Kind kSourceIsLink{"SourceIsLink"};
inline constexpr Kind kSourceEmpty{"SourceEmpty"};
inline constexpr Kind kNothingSaved{"NothingSaved"};
inline constexpr Kind kEverythingExcluded{"EverythingExcluded"};
/// restic's last message was lost; the snapshot was found by its tag.
inline constexpr Kind kSummaryLost{"SummaryLost", false};
/// restic was ended after it had made the snapshot.
inline constexpr Kind kEndedEarly{"EndedEarly"};
/// A lock that nobody held any more was removed.
inline constexpr Kind kStaleLockRemoved{"StaleLockRemoved", false};
/// Only the first eight digits of the snapshot's id are known.
inline constexpr Kind kShortIdOnly{"ShortIdOnly", false};
/// The repository's password begins or ends with white space: by hand it opens with RESTIC_PASSWORD only.
inline constexpr Kind kPasswordNotPlain{"PasswordNotPlain", false};

/// What runs after a backup on the agent's machine did not do its part.
inline constexpr Kind kHookFailed{"HookFailed"};

/// A database could not be dumped, of a plugin whose failures are warnings; of one whose failures are
/// ignored.
inline constexpr Kind kDumpFailed{"DumpFailed"};
inline constexpr Kind kDumpIgnored{"DumpIgnored", false};
/// A dump of nothing: there is no snapshot of it.
inline constexpr Kind kDumpEmpty{"DumpEmpty"};
/// A dump was made, and its plugin has something to say about it.
inline constexpr Kind kDumpDoubtful{"DumpDoubtful"};

/// Some of the paths that a restore names are not in the snapshot.
inline constexpr Kind kNotInSnapshot{"NotInSnapshot"};
/// Files were restored, and something about them was not: owner, times, attributes.
inline constexpr Kind kAttributesNotRestored{"AttributesNotRestored"};
/// The agent does not run as root: what was restored belongs to its user.
inline constexpr Kind kOwnersNotRestored{"OwnersNotRestored", false};

/// A restore test brought back what the snapshot has, and the machine's own file, of the same size and time,
/// holds something else: one of them has rotted, or was written by somebody who put its time back.
inline constexpr Kind kDiffersFromSource{"DiffersFromSource"};

inline constexpr std::array kAll{&kSourceMissing,
                                 &kFilesUnreadable,
                                 &kFilesVanished,
                                 &kSourceIsLink,
                                 &kSourceEmpty,
                                 &kNothingSaved,
                                 &kEverythingExcluded,
                                 &kSummaryLost,
                                 &kEndedEarly,
                                 &kStaleLockRemoved,
                                 &kShortIdOnly,
                                 &kPasswordNotPlain,
                                 &kDumpFailed,
                                 &kDumpIgnored,
                                 &kDumpEmpty,
                                 &kDumpDoubtful,
                                 &kHookFailed,
                                 &kNotInSnapshot,
                                 &kAttributesNotRestored,
                                 &kOwnersNotRestored,
                                 &kDiffersFromSource};

/// Whether a task with such a notice has ended with a warning; true for codes that are not known.
[[nodiscard]] constexpr bool warns(std::string_view code) noexcept {
    for (const auto* kind : kAll)
        if (kind->code == code)
            return kind->warns;
    return true;
}

} // namespace restic::protocol::notices
