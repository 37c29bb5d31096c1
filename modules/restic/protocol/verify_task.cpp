#include "restic/protocol/verify_task.h"

#include "restic/protocol/snapshot_id.h"

namespace restic::protocol {
using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

const Type& wireType(const VerifyParameters*) {
    static const auto type =
        object<VerifyParameters>("VerifyParameters", strict)
            .field("share_percent", &VerifyParameters::sharePercent,
                   {.doc = "How much of the snapshot's files is tried: of each test another part, at least "
                           "one file",
                    .optional = true,
                    .min = 1,
                    .max = 100})
            .build();
    return type;
}

const Type& wireType(const VerifyTask*) {
    static const auto type =
        object<VerifyTask>("VerifyTask", tolerant, "A restore test of files as its agent gets it")
            .include<TaskPayload>()
            .include<VerifyParameters>()
            .field("snapshot_id", &VerifyTask::snapshotId, {.check = checkSnapshotId})
            .build();
    return type;
}

const Type& wireType(const VerifyResult*) {
    using R = VerifyResult;
    static const auto type =
        object<R>("VerifyResult", tolerant, "What a restore test of files found")
            .include<TaskResult>()
            .field("files", &R::files,
                   {.doc = "That were restored and compared: files, links and pipes", .optional = true})
            .field("bytes", &R::bytes, {.optional = true})
            .field("total_files", &R::totalFiles, {.doc = "Of the snapshot", .optional = true})
            .field("total_bytes", &R::totalBytes, {.optional = true})
            .field("share_percent", &R::sharePercent,
                   {.doc = "How much of the snapshot's files that is: less than was asked for where the disk "
                           "or the agent's configuration sets a bound",
                    .optional = true})
            .field("compared_with_source", &R::comparedWithSource,
                   {.doc = "The same as the machine's own file, byte for byte", .optional = true})
            .field("differs_from_source", &R::differsFromSource,
                   {.doc = "As in the snapshot, and not as the machine's own file, which has the same size "
                           "and time",
                    .optional = true})
            .field("changed_since", &R::changedSince,
                   {.doc = "The machine's own file was written or removed since", .optional = true})
            .field(
                "not_compared", &R::notCompared,
                {.doc = "The machine's own file cannot be read, or is another machine's", .optional = true})
            .field("problem_count", &R::problemCount, {.optional = true})
            .field("problems", &R::problems,
                   {.doc = "What did not come back as the snapshot says: the first hundred",
                    .optional = true,
                    .omitEmpty = true,
                    .maxItems = R::kMostProblems})
            .build();
    return type;
}

} // namespace restic::protocol
