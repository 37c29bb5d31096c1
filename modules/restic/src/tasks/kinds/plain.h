#pragma once

#include "restic/protocol/maintenance_tasks.h"
#include "tasks/kinds/maintenance.h"

namespace restic {

/// Kinds that need no more than their repository.
class InitKind final
    : public SimpleKind<protocol::NoParameters, protocol::TaskPayload, protocol::InitResult> {
public:
    InitKind() : SimpleKind(protocol::kinds::init) {}
};

class UnlockKind final
    : public SimpleKind<protocol::NoParameters, protocol::TaskPayload, protocol::UnlockResult> {
public:
    UnlockKind() : SimpleKind(protocol::kinds::unlock) {}
};

class LocksKind final
    : public SimpleKind<protocol::NoParameters, protocol::TaskPayload, protocol::LocksResult> {
public:
    LocksKind() : SimpleKind(protocol::kinds::locks) {}
};

} // namespace restic
