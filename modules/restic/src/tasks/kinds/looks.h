#pragma once

#include <optional>
#include <vector>

#include "core/uuid.h"
#include "restic/protocol/look_tasks.h"
#include "tasks/kinds/kind.h"

/// The kinds that look into snapshots for somebody who waits: no care for a repository, so nothing keeps
/// the last of them.
namespace restic {

struct LsRequest {
    core::Uuid snapshot;
    std::string path;
};
struct FindRequest : protocol::FindParameters {
    std::optional<core::Uuid> policy;
    std::vector<core::Uuid> snapshots;
};
struct DiffRequest : protocol::DiffParameters {
    core::Uuid from;
    core::Uuid to;
};
/// A hit as people get it.
struct FoundView : protocol::FoundItem {
    /// The row of its snapshot, where it is known and there.
    std::optional<core::Uuid> snapshot;
};
const core::wire::Type& wireType(const LsRequest*);
const core::wire::Type& wireType(const FindRequest*);
const core::wire::Type& wireType(const DiffRequest*);
const core::wire::Type& wireType(const FoundView*);

/// A folder of a snapshot; what it has is known from then on (ListedFolders).
class LsKind final : public TypedKind<LsRequest, protocol::LsResult> {
public:
    explicit LsKind(std::int64_t mostListed) : TypedKind(protocol::kinds::ls), mostListed_(mostListed) {}
    [[nodiscard]] std::vector<core::Problem> problemsOfItem(const core::json::Value& item) const override;
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
    void made(core::db::Transaction& tx, const Task& task) const override;
    void receivedAll(core::db::Transaction& tx, const Task& task, const core::json::Value& result,
                     const HeldItems& held, core::Instant now) const override;

private:
    std::int64_t mostListed_;
};

/// Files by their name or path, in the snapshots of a repository.
class FindKind final : public TypedKind<FindRequest, protocol::FindResult> {
public:
    FindKind() : TypedKind(protocol::kinds::find) {}
    [[nodiscard]] std::vector<core::Problem> problemsOfItem(const core::json::Value& item) const override;
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
    /// The rows of the snapshots, to link to.
    void show(core::db::Transaction& tx, const Task& task,
              std::vector<ResultStore::Item>& items) const override;
};

/// Two snapshots of one repository.
class DiffKind final : public TypedKind<DiffRequest, protocol::DiffResult> {
public:
    DiffKind() : TypedKind(protocol::kinds::diff) {}
    [[nodiscard]] std::vector<core::Problem> problemsOfItem(const core::json::Value& item) const override;
    std::variant<core::json::Object, protocol::TaskError>
    payload(core::db::Transaction& tx, const Task& task, const std::optional<Policy>& policy,
            protocol::TaskPayload common) const override;
};

} // namespace restic
