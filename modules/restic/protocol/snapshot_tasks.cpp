#include "restic/protocol/snapshot_tasks.h"

#include <algorithm>

#include "restic/protocol/names.h"
#include "restic/protocol/snapshot_id.h"

namespace restic::protocol {
using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

namespace {
constexpr std::size_t kLongestTag = 255;
constexpr std::size_t kLongestHost = 255;
} // namespace

std::vector<core::Problem> problemsOf(const TagParameters& parameters) {
    if (parameters.add.empty() && parameters.remove.empty())
        return {{"/add", "is required, or something to remove"}};
    std::vector<core::Problem> problems;
    for (const auto& tag : parameters.remove)
        if (std::find(parameters.add.begin(), parameters.add.end(), tag) != parameters.add.end())
            problems.push_back({"/remove", "has \"" + tag + "\", which is to be added"});
    return problems;
}

const Type& wireType(const TagParameters*) {
    using P = TagParameters;
    static const auto type = object<P>("TagParameters", strict)
                                 .field("add", &P::add,
                                        {.doc = "Tags; with `pinned` each forget keeps the snapshot",
                                         .optional = true,
                                         .omitEmpty = true,
                                         .minLength = 1,
                                         .maxLength = kLongestTag,
                                         .maxItems = kMostTagChanges,
                                         .check = checkTag})
                                 .field("remove", &P::remove,
                                        {.optional = true,
                                         .omitEmpty = true,
                                         .minLength = 1,
                                         .maxLength = kLongestTag,
                                         .maxItems = kMostTagChanges,
                                         .check = checkTag})
                                 .build();
    return type;
}

const Type& wireType(const OneSnapshot*) {
    static const auto type = object<OneSnapshot>("OneSnapshot", tolerant)
                                 .field("snapshot_id", &OneSnapshot::snapshotId, {.check = checkSnapshotId})
                                 .field("host", &OneSnapshot::host,
                                        {.doc = "Of what machine it is: where restic looks for it",
                                         .omitEmpty = true,
                                         .maxLength = kLongestHost})
                                 .build();
    return type;
}

const Type& wireType(const TagTask*) {
    static const auto type = object<TagTask>("TagTask", tolerant, "A change of tags as its agent gets it")
                                 .include<TaskPayload>()
                                 .include<OneSnapshot>()
                                 .include<TagParameters>()
                                 .build();
    return type;
}

const Type& wireType(const TagResult*) {
    static const auto type =
        object<TagResult>("TagResult", tolerant, "How the snapshot is called now, and how it is tagged")
            .include<TaskResult>()
            .field("snapshot_id", &TagResult::snapshotId,
                   {.doc = "restic gives a snapshot with other tags another id",
                    .omitEmpty = true,
                    .check = checkSnapshotId})
            .field("tags", &TagResult::tags, {.optional = true, .omitEmpty = true})
            .build();
    return type;
}

const Type& wireType(const ForgetSnapshotTask*) {
    static const auto type =
        object<ForgetSnapshotTask>("ForgetSnapshotTask", tolerant, "A removal as its agent gets it")
            .include<TaskPayload>()
            .include<OneSnapshot>()
            .build();
    return type;
}

} // namespace restic::protocol
