#include "restic/protocol/key_tasks.h"

#include "restic/protocol/snapshot_id.h"

namespace restic::protocol {
using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

const Type& wireType(const AddKeyResult*) {
    static const auto type =
        object<AddKeyResult>("AddKeyResult", tolerant, "Which keys open the repository now")
            .include<TaskResult>()
            .field("old_key_id", &AddKeyResult::oldKeyId,
                   {.doc = "What the password of before opens", .omitEmpty = true, .check = checkShortId})
            .field("new_key_id", &AddKeyResult::newKeyId, {.omitEmpty = true, .check = checkShortId})
            .build();
    return type;
}

const Type& wireType(const RemoveKeyParameters*) {
    static const auto type =
        object<RemoveKeyParameters>("RemoveKeyParameters", strict)
            .field("key_id", &RemoveKeyParameters::keyId,
                   {.doc = "Never the key that the repository's password opens", .check = checkShortId})
            .build();
    return type;
}

const Type& wireType(const RemoveKeyTask*) {
    static const auto type =
        object<RemoveKeyTask>("RemoveKeyTask", tolerant, "The removal of a key as its agent gets it")
            .include<TaskPayload>()
            .include<RemoveKeyParameters>()
            .build();
    return type;
}

const Type& wireType(const RemoveKeyResult*) {
    static const auto type = object<RemoveKeyResult>("RemoveKeyResult", tolerant)
                                 .include<TaskResult>()
                                 .field("removed", &RemoveKeyResult::removed,
                                        {.doc = "False: it was gone already", .optional = true})
                                 .build();
    return type;
}

} // namespace restic::protocol
