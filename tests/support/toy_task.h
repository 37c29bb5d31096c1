#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "restic/protocol/maintenance_tasks.h"
#include "restic/protocol/task_kinds.h"

/// A kind of task that no program of ours knows, as host and agent would declare it: it counts to a number.
namespace test::toy {

struct CountParameters {
    std::int64_t upTo = 3;
};
struct CountTask : restic::protocol::TaskPayload, CountParameters {};
struct CountResult : restic::protocol::TaskResult {
    std::optional<std::int64_t> reached;
};

inline const core::wire::Type& wireType(const CountParameters*) {
    static const auto type = core::wire::object<CountParameters>("CountParameters", core::wire::strict)
                                 .field("up_to", &CountParameters::upTo, {.optional = true, .min = 1})
                                 .build();
    return type;
}
inline const core::wire::Type& wireType(const CountTask*) {
    static const auto type = core::wire::object<CountTask>("CountTask", core::wire::tolerant)
                                 .include<restic::protocol::TaskPayload>()
                                 .include<CountParameters>()
                                 .build();
    return type;
}
inline const core::wire::Type& wireType(const CountResult*) {
    static const auto type = core::wire::object<CountResult>("CountResult", core::wire::tolerant)
                                 .include<restic::protocol::TaskResult>()
                                 .field("reached", &CountResult::reached, {.omitEmpty = true})
                                 .build();
    return type;
}

inline const restic::protocol::TaskKind kCount{.name = "count",
                                               .summary = "Counts to a number",
                                               .lock = restic::protocol::LockClass::none,
                                               .timeLimit = std::chrono::minutes{1},
                                               .payload = &core::wire::typeOf<CountTask>,
                                               .result = &core::wire::typeOf<CountResult>};

} // namespace test::toy
