#include "tasks/look_views.h"

#include "restic/protocol/restore_task.h"
#include "tasks/task_views.h"

namespace restic {

using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

namespace {
constexpr auto kAgent = "Absent: the one whose disk the repository is on, or of the machine that made the "
                        "snapshot, or that works with the repository";
} // namespace

const Type& wireType(const FilesInput*) {
    static const auto type = object<FilesInput>("SnapshotFilesInput", strict)
                                 .field("path", &FilesInput::path,
                                        {.doc = "A folder as it is called in the snapshot; / for the top",
                                         .maxLength = 4096,
                                         .example = "/home/ada",
                                         .check = protocol::checkRestorePath})
                                 .field("agent_id", &FilesInput::agentId, {.doc = kAgent})
                                 .build();
    return type;
}

const Type& wireType(const FilesQuery*) {
    static const auto type = object<FilesQuery>("SnapshotFilesQuery", strict)
                                 .include<core::http::PageQuery>()
                                 .field("path", &FilesQuery::path,
                                        {.doc = "A folder as it is called in the snapshot; absent: its top",
                                         .optional = true,
                                         .maxLength = 4096,
                                         .check = protocol::checkRestorePath})
                                 .build();
    return type;
}

const Type& wireType(const FilesPage*) {
    static const auto type =
        object<FilesPage>("SnapshotFilesPage", tolerant, "What is known of a folder of a snapshot")
            .field("state", &FilesPage::state,
                   {.doc = "unknown: nobody asked for it, or it was forgotten again",
                    .oneOf = {"unknown", "listing", "listed", "failed"}})
            .field("path", &FilesPage::path)
            .field("items", &FilesPage::items, {.doc = "Its entries in restic's order; empty unless listed"})
            .field("next", &FilesPage::next, {.doc = "Cursor of the next page; null at the end"})
            .field("entries", &FilesPage::entries, {.doc = "All that it has; null unless listed"})
            .field("listed_at", &FilesPage::listedAt)
            .field("task_id", &FilesPage::taskId, {.doc = "That lists it, or did; null for unknown"})
            .field("error", &FilesPage::error,
                   {.doc = "Why it failed", .shape = &core::wire::typeOf<TaskFailure>})
            .build();
    return type;
}

std::vector<core::Problem> FindInput::problems() const {
    auto all = protocol::problemsOf(*this);
    if (!snapshotIds.empty() && (host || policyId || !paths.empty()))
        all.push_back({"/snapshot_ids", "must not stand beside host, policy_id or paths"});
    return all;
}

const Type& wireType(const FindInput*) {
    static const auto type =
        object<FindInput>("FindInput", strict)
            .include<protocol::FindParameters>()
            .field("policy_id", &FindInput::policyId, {.doc = "Only snapshots of this policy"})
            .field("snapshot_ids", &FindInput::snapshotIds,
                   {.doc = "Only these", .optional = true, .maxItems = protocol::kMostFindSnapshots})
            .field("agent_id", &FindInput::agentId, {.doc = "Absent: the one that works with the repository"})
            .build();
    return type;
}

const Type& wireType(const DiffInput*) {
    static const auto type = object<DiffInput>("DiffInput", strict)
                                 .include<protocol::DiffParameters>()
                                 .field("agent_id", &DiffInput::agentId, {.doc = kAgent})
                                 .build();
    return type;
}

} // namespace restic
