#pragma once

#include "repositories/maintenance_store.h"
#include "tasks/kinds/kind.h"

namespace restic {

/// What the kinds that care for a repository have in common: the last of each is kept beside its repository,
/// with its result.
template <typename Parameters, typename Result>
class MaintenanceKind : public TypedKind<Parameters, Result> {
public:
    using TypedKind<Parameters, Result>::TypedKind;
    void ended(core::db::Transaction& tx, const Task& task, const TaskEnd& end,
               core::Instant now) const override {
        if (task.repository)
            MaintenanceStore::record(tx, {*task.repository, task.type, task.id, task.agent,
                                          std::string(protocol::toText(end.state)), end.message, end.result,
                                          now});
    }
};

/// One whose payload is its parameters, as the request has them.
template <typename Parameters, typename Own, typename Result>
class SimpleKind : public MaintenanceKind<Parameters, Result> {
public:
    using MaintenanceKind<Parameters, Result>::MaintenanceKind;
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& /*tx*/, const Task& task, const std::optional<Policy>& /*policy*/,
            protocol::TaskPayload common) const override {
        Own own;
        if constexpr (std::is_base_of_v<Parameters, Own>)
            static_cast<Parameters&>(own) = core::wire::read<Parameters>(task.parameters).value();
        return this->written(std::move(common), std::move(own));
    }
};

} // namespace restic
