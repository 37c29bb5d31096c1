#include "targets/target_views.h"

#include "core/text.h"

namespace restic {

using core::Instant;

namespace {
/// It is a part of a path, where browsers take these two away.
std::optional<std::string> checkTargetName(const std::string& name) {
    return name == "." || name == ".." ? std::optional<std::string>("must not be only dots")
                                       : core::checkName(name);
}
} // namespace

const core::wire::Type& wireType(const TargetInput*) {
    static const auto type =
        core::wire::object<TargetInput>("TargetInput", core::wire::strict)
            .field("name", &TargetInput::name,
                   {.doc = "As it stands in /status/{name}",
                    .minLength = 1,
                    .maxLength = 255,
                    .check = checkTargetName})
            .field("mode", &TargetInput::mode,
                   {.doc = "direct: the server looks at the repository itself. agent: an agent's policy "
                           "saves to it; "
                           "such a target is made by linking, or out of a direct one by a change",
                    .optional = true,
                    .oneOf = {"direct", "agent"}})
            .field("repository_id", &TargetInput::repositoryId, {.doc = "Of a direct one"})
            .field("agent_id", &TargetInput::agentId)
            .field("policy_id", &TargetInput::policyId, {.doc = "Of a direct one: whose maximum age counts"})
            .field("max_age_hours", &TargetInput::maxAgeHours,
                   {.doc = "How old the last snapshot may be, where the policy does not say it",
                    .min = 1,
                    .max = 24 * 3660})
            .field("disabled", &TargetInput::disabled,
                   {.doc = "It is not looked at, and no light shows it", .optional = true})
            .build();
    return type;
}

const core::wire::Type& wireType(const ProbeView*) {
    static const auto type =
        core::wire::object<ProbeView>("TargetProbe", core::wire::tolerant, "One kind of look at a target")
            .field("kind", &ProbeView::kind, {.oneOf = {"snapshots", "stats", "check"}})
            .field("running", &ProbeView::running)
            .field("next_at", &ProbeView::nextAt, {.doc = "Absent while the target rests"})
            .field("checked_at", &ProbeView::checkedAt, {.doc = "When the last one ended, good or not"})
            .field("good_at", &ProbeView::goodAt,
                   {.doc = "When the last good one ended: what is shown is of then"})
            .field("error", &ProbeView::error, {.doc = "Why the last one saw nothing"})
            .field("message", &ProbeView::message)
            .field("error_since", &ProbeView::errorSince)
            .build();
    return type;
}

const core::wire::Type& wireType(const TargetView*) {
    static const auto type = core::wire::object<TargetView>("Target", core::wire::tolerant, "What is watched")
                                 .field("id", &TargetView::id)
                                 .field("name", &TargetView::name)
                                 .field("mode", &TargetView::mode, {.oneOf = {"direct", "agent"}})
                                 .field("repository_id", &TargetView::repositoryId)
                                 .field("agent_id", &TargetView::agentId)
                                 .field("policy_id", &TargetView::policyId)
                                 .field("max_age_hours", &TargetView::maxAgeHours)
                                 .field("disabled", &TargetView::disabled)
                                 .field("probes", &TargetView::probes, {.doc = "Empty for one of an agent"})
                                 .field("created_at", &TargetView::createdAt)
                                 .field("updated_at", &TargetView::updatedAt)
                                 .build();
    return type;
}

const core::wire::Type& wireType(const HealthCheckView*) {
    static const auto type =
        core::wire::object<HealthCheckView>("HealthCheck", core::wire::tolerant,
                                            "One look at a target, and how the target was afterwards")
            .field("id", &HealthCheckView::id)
            .field("kind", &HealthCheckView::kind)
            .field("healthy", &HealthCheckView::healthy)
            .field("error", &HealthCheckView::error)
            .field("error_message", &HealthCheckView::message)
            .field("snapshot_age_hours", &HealthCheckView::snapshotAgeHours)
            .field("duration_ms", &HealthCheckView::durationMs)
            .field("checked_at", &HealthCheckView::checkedAt)
            .build();
    return type;
}

TargetView TargetView::of(const Target& target, const std::vector<Probe>& probes, Instant now) {
    TargetView view{target.id,    target.name,      target.mode,        target.repository,
                    target.agent, target.policy,    target.maxAgeHours, target.disabled,
                    {},           target.createdAt, target.updatedAt};
    if (target.mode == "direct")
        for (const auto& one : probes)
            view.probes.push_back({one.kind, one.claimedUntil && *one.claimedUntil > now,
                                   target.disabled ? std::nullopt : std::optional(one.nextAt), one.endedAt,
                                   one.goodAt, one.error, one.message, one.errorSince});
    return view;
}

HealthCheckView HealthCheckView::of(const HealthCheck& check) {
    return {check.id,         check.kind,     check.healthy,
            check.error,      check.message,  check.snapshotAgeHours,
            check.durationMs, check.checkedAt};
}

} // namespace restic
