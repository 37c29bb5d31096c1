#pragma once

#include <string>
#include <vector>

#include "agents/agent_store.h"
#include "core/wire.h"
#include "policies/policy_store.h"

namespace restic {

/// Which agents follow a policy by themselves.
struct Assignment {
    std::vector<std::string> tags;      ///< each agent that has one of them
    std::vector<std::string> hostnames; ///< or whose host name is like one of them, with * and ?

    [[nodiscard]] bool isFor(const Agent& agent) const;
};
const core::wire::Type& wireType(const Assignment*);

/// For nobody where the policy has none.
[[nodiscard]] Assignment assignmentOf(const Policy& policy);

} // namespace restic
