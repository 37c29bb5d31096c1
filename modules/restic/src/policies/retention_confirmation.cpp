#include "policies/retention_confirmation.h"

#include <array>
#include <set>

#include <fmt/format.h>

#include "errors.h"
#include "policies/target_store.h"
#include "restic/protocol/names.h"

namespace restic {

using core::Uuid;
using core::db::Transaction;

namespace {
std::array<int, 6> countsOf(const protocol::Retention& of) {
    return {of.keepLast.value_or(0),   of.keepHourly.value_or(0),  of.keepDaily.value_or(0),
            of.keepWeekly.value_or(0), of.keepMonthly.value_or(0), of.keepYearly.value_or(0)};
}
std::set<std::string> tagsOf(const protocol::Retention& of) {
    std::set<std::string> tags(of.keepTags.begin(), of.keepTags.end());
    tags.erase(std::string(protocol::kPinned)); // kept whatever is said
    return tags;
}

bool hasSnapshots(Transaction& tx, const Uuid& policy) {
    return !tx.query(
                  "SELECT 1 FROM restic_snapshots WHERE tenant_id = $1 AND policy_id = $2 AND removed_at_us "
                  "IS NULL LIMIT 1",
                  {tx.tenant(), policy})
                .empty();
}

/// The policy's targets that have snapshots, without those whose agent has a retention of its own.
std::vector<Target> targetsOf(Transaction& tx, const Uuid& policy) {
    std::vector<Target> all;
    for (const auto& row : tx.query(
             "SELECT DISTINCT target_id FROM restic_snapshots WHERE tenant_id = $1 AND policy_id = $2 AND "
             "removed_at_us IS NULL AND target_id IS NOT NULL",
             {tx.tenant(), policy}))
        if (auto target = TargetStore::find(tx, row.uuid(0))) {
            const auto own =
                target->agent ? PolicyStore::linkOptions(tx, *target->agent, policy) : std::nullopt;
            if (!own || !optionsIn(*own).retentionRules)
                all.push_back(std::move(*target));
        }
    return all;
}

/// Of those it says which would lose how much.
std::string tell(const RetentionPreview::Group& group) {
    return fmt::format("would remove {} of {} snapshots of {} {}", group.removed, group.kept + group.removed,
                       group.host, fmt::join(group.paths, " "));
}

[[noreturn]] void refuse(const Policy& policy, const std::string& why) {
    throw core::Error(
        errors::kRetentionNotConfirmed,
        fmt::format("The new retention of the policy \"{}\" keeps less than before: {}.", policy.name, why),
        {{"/retention_rules", "keeps less than before"}});
}
} // namespace

bool isStricter(const protocol::Retention& before, const protocol::Retention& after) {
    const auto old = countsOf(before);
    const auto now = countsOf(after);
    for (std::size_t i = 0; i < old.size(); ++i)
        if (now.at(i) < old.at(i))
            return true;
    const auto tags = tagsOf(after);
    for (const auto& tag : tagsOf(before))
        if (!tags.contains(tag))
            return true;
    return false;
}

bool isSame(const protocol::Retention& one, const protocol::Retention& other) {
    return countsOf(one) == countsOf(other) && tagsOf(one) == tagsOf(other);
}

void RetentionConfirmation::require(Transaction& tx, const Policy& before, const protocol::Retention& after,
                                    const Confirmation& said) const {
    if (said.removal || !isStricter(before.retention, after) || !hasSnapshots(tx, before.id))
        return;
    std::set<Uuid> tried;
    for (const auto& id : said.previews) {
        const auto preview = previews_.find(tx, id);
        if (!preview)
            refuse(before, fmt::format("{} is no preview that succeeded", id.toString()));
        if (preview->policy != before.id || !preview->target)
            refuse(before, fmt::format("the preview {} is of another policy", id.toString()));
        if (!preview->retention || !isSame(*preview->retention, after))
            refuse(before, fmt::format("the preview {} is of another retention", id.toString()));
        if (clock_.now() - preview->endedAt > kFresh)
            refuse(before, fmt::format("the preview {} is older than a day", id.toString()));
        if (!preview->overHalf.empty())
            refuse(before, tell(preview->overHalf.front()));
        tried.insert(*preview->target);
    }
    const auto targets = targetsOf(tx, before.id);
    if (said.previews.empty())
        refuse(before, "nobody has seen yet what it removes");
    for (const auto& target : targets)
        if (!tried.contains(target.id))
            refuse(before, fmt::format("there is no preview for {}", target.name));
    if (tried.empty())
        refuse(before, "none of its snapshots was tried");
}

} // namespace restic
