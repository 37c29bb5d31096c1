#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "core/time.h"
#include "core/uuid.h"
#include "core/wire.h"
#include "policies/policy_store.h"
#include "policies/target_store.h"

/// A rule that keeps less is saved only by somebody who has seen what it removes, or says that it may.
namespace restic {

/// What a forget would remove, as an agent has tried it.
struct RetentionPreview {
    struct Group {
        std::string host;
        std::vector<std::string> paths;
        std::uint64_t kept = 0;
        std::uint64_t removed = 0;
    };
    std::optional<core::Uuid> policy;
    std::optional<core::Uuid> target;
    /// That it was asked for with; absent: the policy's of then.
    std::optional<protocol::Retention> retention;
    core::Instant endedAt;
    /// Those that would lose more than half of their snapshots.
    std::vector<Group> overHalf;
};

/// Where previews are found. Thread-safe.
class RetentionPreviews {
public:
    virtual ~RetentionPreviews() = default;
    /// Nullopt for an id that is of no preview, or of one that did not succeed.
    [[nodiscard]] virtual std::optional<RetentionPreview> find(core::db::Transaction& tx,
                                                               const core::Uuid& task) const = 0;
};

/// What somebody says who saves rules that keep less.
struct Confirmation {
    bool confirmRemoval = false;
    std::vector<core::Uuid> retentionPreviews;
};
const core::wire::Type& wireType(const Confirmation*);

/// A count is lower or gone, or a tag.
[[nodiscard]] bool isStricter(const protocol::Retention& before, const protocol::Retention& after);
/// They keep the same.
[[nodiscard]] bool isSame(const protocol::Retention& one, const protocol::Retention& other);

/// Asks for a confirmation where a policy's retention becomes stricter. Thread-safe.
class RetentionConfirmation {
public:
    /// How old a preview may be.
    static constexpr auto kFresh = std::chrono::hours(24);

    RetentionConfirmation(const core::Clock& clock, const RetentionPreviews& previews)
        : clock_(clock), previews_(previews) {}

    /// Of a policy that has snapshots and keeps less from now on. Throws kRetentionNotConfirmed unless it was
    /// said that it may remove, or each of its targets that has snapshots was tried with that very retention
    /// and none would lose more than half of a group. Previews of other policies are left aside: one change
    /// may concern several.
    void require(core::db::Transaction& tx, const Policy& before, const protocol::Retention& after,
                 const Confirmation& said) const;
    /// The same of one agent that follows the policy; `before` is the policy as it counted there.
    void requireOf(core::db::Transaction& tx, const core::Uuid& agent, const Policy& before,
                   const protocol::Retention& after, const Confirmation& said) const;

    /// Of a forget by hand that is of no policy, in a repository that has snapshots.
    static void requireOfRepository(core::db::Transaction& tx, const core::Uuid& repository);

private:
    void requireOfTargets(core::db::Transaction& tx, const Policy& policy, const std::vector<Target>& targets,
                          const protocol::Retention& after, const Confirmation& said) const;

    const core::Clock& clock_;
    const RetentionPreviews& previews_;
};

} // namespace restic
