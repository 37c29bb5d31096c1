#pragma once

#include "executor/kind_of_work.h"

namespace agent {

/// All kinds of work of this agent: see FindWork.
[[nodiscard]] const KindOfWork* findWork(std::string_view kind) noexcept;

} // namespace agent
