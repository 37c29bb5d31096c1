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

/// The policy's targets that have snapshots.
std::vector<Target> targetsOf(Transaction& tx, const Uuid& policy) {
    std::vector<Target> all;
    for (const auto& row : tx.query(
             "SELECT DISTINCT target_id FROM restic_snapshots WHERE tenant_id = $1 AND policy_id = $2 AND "
             "removed_at_us IS NULL AND target_id IS NOT NULL",
             {tx.tenant(), policy}))
        if (auto target = TargetStore::find(tx, row.uuid(0)))
            all.push_back(std::move(*target));
    return all;
}

/// Its agent has a retention of its own.
bool goesByItsOwn(Transaction& tx, const Target& target, const Uuid& policy) {
    const auto own = target.agent ? PolicyStore::linkOptions(tx, *target.agent, policy) : std::nullopt;
    return own && optionsIn(*own).retentionRules;
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

const core::wire::Type& wireType(const Confirmation*) {
    static const auto type =
        core::wire::object<Confirmation>("Confirmation", core::wire::strict,
                                         "That rules may remove what those before them keep")
            .field(
                "confirm_removal", &Confirmation::confirmRemoval,
                {.doc = "Of a change: its retention may remove what the one before keeps", .optional = true})
            .field(
                "retention_previews", &Confirmation::retentionPreviews,
                {.doc =
                     "Of a change: tasks preview_forget of at most a day ago that tried its retention, one "
                     "for each target that it concerns",
                 .optional = true,
                 .maxItems = 1000})
            .build();
    return type;
}

void RetentionConfirmation::require(Transaction& tx, const Policy& before, const protocol::Retention& after,
                                    const Confirmation& said) const {
    if (said.confirmRemoval || !isStricter(before.retention, after))
        return;
    auto targets = targetsOf(tx, before.id);
    std::erase_if(targets, [&](const Target& target) { return goesByItsOwn(tx, target, before.id); });
    requireOfTargets(tx, before, targets, after, said);
}

void RetentionConfirmation::requireOf(Transaction& tx, const Uuid& agent, const Policy& before,
                                      const protocol::Retention& after, const Confirmation& said) const {
    if (said.confirmRemoval || !isStricter(before.retention, after))
        return;
    auto targets = targetsOf(tx, before.id);
    std::erase_if(targets, [&](const Target& target) { return target.agent != agent; });
    requireOfTargets(tx, before, targets, after, said);
}

void RetentionConfirmation::requireOfRepository(Transaction& tx, const Uuid& repository) {
    if (!tx.query("SELECT 1 FROM restic_snapshots WHERE tenant_id = $1 AND repository_id = $2 AND "
                  "removed_at_us IS "
                  "NULL LIMIT 1",
                  {tx.tenant(), repository})
             .empty())
        throw core::Error(
            errors::kRetentionNotConfirmed,
            "A forget without a policy goes by machines and paths alone: it removes also what other "
            "policies and programs have saved.",
            {{"/policy_id", "is not named"}});
}

void RetentionConfirmation::requireOfTargets(Transaction& tx, const Policy& policy,
                                             const std::vector<Target>& targets,
                                             const protocol::Retention& after,
                                             const Confirmation& said) const {
    if (targets.empty())
        return;
    if (said.retentionPreviews.empty())
        refuse(policy, "nobody has seen yet what it removes");
    std::set<Uuid> tried;
    for (const auto& id : said.retentionPreviews) {
        const auto preview = previews_.find(tx, id);
        if (!preview)
            refuse(policy, fmt::format("{} is no preview that succeeded", id.toString()));
        if (preview->policy != policy.id || !preview->target)
            continue;
        if (!preview->retention || !isSame(*preview->retention, after))
            refuse(policy, fmt::format("the preview {} is of another retention", id.toString()));
        if (clock_.now() - preview->endedAt > kFresh)
            refuse(policy, fmt::format("the preview {} is older than a day", id.toString()));
        if (!preview->overHalf.empty())
            refuse(policy, tell(preview->overHalf.front()));
        tried.insert(*preview->target);
    }
    for (const auto& target : targets)
        if (!tried.contains(target.id))
            refuse(policy, fmt::format("there is no preview for {}", target.name));
}

} // namespace restic
