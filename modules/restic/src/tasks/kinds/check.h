#pragma once

#include "restic/protocol/maintenance_tasks.h"
#include "tasks/kinds/maintenance.h"

namespace restic {

class CheckKind final
    : public SimpleKind<protocol::CheckParameters, protocol::CheckTask, protocol::CheckResult> {
public:
    CheckKind() : SimpleKind(protocol::kinds::check) {}
};

} // namespace restic
