#include "policies/policy_views.h"
#include "core/text.h"

#include "field_rules.h"

namespace restic {

using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

const Type& wireType(const PluginUse*) {
    static const auto type =
        object<PluginUse>("PluginUse", strict)
            .field("name", &PluginUse::name, {.minLength = 1, .maxLength = 64, .check = core::checkName})
            .field("set", &PluginUse::set,
                   {.doc = "The name of settings that stand on the agent; absent: the plugin's own",
                    .omitEmpty = true,
                    .minLength = 1,
                    .maxLength = 64,
                    .check = core::checkName})
            .field("settings", &PluginUse::settings,
                   {.doc = "Over the agent's: fields that the plugin leaves to policies", .optional = true})
            .field("on_error", &PluginUse::onError,
                   {.doc = "What a failed dump does to the backup",
                    .optional = true,
                    .oneOf = {"fail", "warn", "ignore"}})
            .field("with_files", &PluginUse::withFiles,
                   {.doc = "The dumps are first written to the agent's disk and saved in one snapshot with "
                           "the files; "
                           "else each is a snapshot of its own",
                    .optional = true})
            .build();
    return type;
}

const Type& wireType(const UnassignedView*) {
    static const auto type = object<UnassignedView>("UnassignedAgent", tolerant)
                                 .field("agent_id", &UnassignedView::agentId)
                                 .field("hostname", &UnassignedView::hostname)
                                 .field("reason", &UnassignedView::reason)
                                 .build();
    return type;
}

const Type& wireType(const SkippedSlotsView*) {
    using V = SkippedSlotsView;
    static const auto type =
        object<V>("SkippedSlots", tolerant, "Slots of one agent that became no backup of their own")
            .field("agent_id", &V::agentId)
            .field("hostname", &V::hostname)
            .field("first_slot", &V::first)
            .field("last_slot", &V::last)
            .field("slots", &V::slots, {.doc = "How many, with the first and the last"})
            .field("reason", &V::reason, {.doc = "A sentence"})
            .field("at", &V::at, {.doc = "When it was found"})
            .build();
    return type;
}

const Type& wireType(const SkippedSlotsList*) {
    static const auto type = object<SkippedSlotsList>("SkippedSlotsList", tolerant)
                                 .field("items", &SkippedSlotsList::items)
                                 .build();
    return type;
}

const Type& wireType(const OptionsInput*) {
    static const auto type = object<OptionsInput>("OptionsInput", core::wire::strict,
                                                  "What is said for a tenant, or for one agent of a policy")
                                 .include<PolicyOptions>()
                                 .include<Confirmation>()
                                 .build();
    return type;
}

const Type& wireType(const EffectiveView*) {
    static const auto type =
        object<EffectiveView>("EffectiveOptions", tolerant, "What counts for one agent of a policy")
            .field("options", &EffectiveView::options,
                   {.doc = "What is said for this agent alone", .shape = &core::wire::typeOf<PolicyOptions>})
            .field("effective", &EffectiveView::effective, {.shape = &core::wire::typeOf<PolicyOptions>})
            .field("origins", &EffectiveView::origins,
                   {.doc = "For each option who says it: link, policy, tenant, default"})
            .build();
    return type;
}

const Type& wireType(const VersionView*) {
    static const auto type =
        object<VersionView>("PolicyVersion", tolerant)
            .field("version", &VersionView::version)
            .field("at", &VersionView::at)
            .field("author", &VersionView::author, {.doc = "Who saved it"})
            .field("changed", &VersionView::changed, {.doc = "Its fields that were another way before"})
            .field("policy", &VersionView::policy, {.doc = "The policy as it was saved, without its agents"})
            .build();
    return type;
}

const Type& wireType(const VersionList*) {
    static const auto type =
        object<VersionList>("PolicyVersions", tolerant).field("items", &VersionList::items).build();
    return type;
}

const Type& wireType(const PolicyInput*) {
    static const auto type =
        object<PolicyInput>("PolicyInput", strict)
            .field("name", &PolicyInput::name,
                   {.minLength = 1, .maxLength = 255, .example = "nightly", .check = core::checkName})
            .field("enabled", &PolicyInput::enabled, {.optional = true})
            .field("schedule", &PolicyInput::schedule,
                   {.doc = "Five cron fields", .minLength = 1, .maxLength = 255, .example = "0 2 * * *"})
            .field("include_paths", &PolicyInput::includePaths,
                   {.doc = "Absolute paths to back up; none for a policy of databases alone",
                    .optional = true,
                    .minLength = 1,
                    .maxLength = 4096,
                    .maxItems = 1000,
                    .check = checkAbsolute})
            .field("exclude_paths", &PolicyInput::excludePaths,
                   {.doc = "restic's exclude patterns",
                    .optional = true,
                    .minLength = 1,
                    .maxLength = 4096,
                    .maxItems = 1000,
                    .check = checkPattern})
            .field("tags", &PolicyInput::tags,
                   {.optional = true, .minLength = 1, .maxLength = 255, .maxItems = 100, .check = checkTag})
            .field("repository_id", &PolicyInput::repositoryId)
            .field("repository_url", &PolicyInput::repositoryUrl, {.minLength = 1, .maxLength = 4096})
            .field("repository_type", &PolicyInput::repositoryType, {.oneOf = repositoryTypes()})
            .field("repository_config", &PolicyInput::repositoryConfig)
            .field("plugins", &PolicyInput::plugins, {.optional = true, .maxItems = 20})
            .include<PolicyOptions>()
            .field("assign", &PolicyInput::assign, {.doc = "Which agents follow it by themselves"})
            .include<Confirmation>()
            .build();
    return type;
}

const Type& wireType(const LinkView*) {
    static const auto type =
        object<LinkView>("PolicyAgent", tolerant)
            .field("agent_id", &LinkView::agentId)
            .field("hostname", &LinkView::hostname)
            .field("next_run_at", &LinkView::nextRunAt)
            .field("placeholder", &LinkView::placeholder,
                   {.doc = "It was imported and no agent runs there yet"})
            .field("assigned", &LinkView::assigned,
                   {.doc = "It follows by the policy's assignment, not by hand"})
            .field("options", &LinkView::options,
                   {.doc = "What is said for this agent alone", .shape = &core::wire::typeOf<PolicyOptions>})
            .build();
    return type;
}

const Type& wireType(const PolicyView*) {
    static const auto type = object<PolicyView>("Policy", tolerant)
                                 .field("id", &PolicyView::id)
                                 .field("name", &PolicyView::name)
                                 .field("enabled", &PolicyView::enabled)
                                 .field("schedule", &PolicyView::schedule)
                                 .field("include_paths", &PolicyView::includePaths)
                                 .field("exclude_paths", &PolicyView::excludePaths)
                                 .field("tags", &PolicyView::tags)
                                 .include<PolicyOptions>()
                                 .field("origins", &PolicyView::origins,
                                        {.doc = "For each option who says it: policy, tenant, default"})
                                 .field("assign", &PolicyView::assign)
                                 .field("unassigned", &PolicyView::unassigned,
                                        {.doc = "Of one policy: who should follow it and cannot, and why"})
                                 .field("repository_id", &PolicyView::repositoryId)
                                 .field("repository_url", &PolicyView::repositoryUrl)
                                 .field("repository_type", &PolicyView::repositoryType)
                                 .field("repository_config", &PolicyView::repositoryConfig)
                                 .field("plugins", &PolicyView::plugins,
                                        {.shape = &core::wire::typeOf<PluginUse>, .shapeIsList = true})
                                 .field("awaiting_adoption", &PolicyView::awaitingAdoption,
                                        {.doc = "It was imported and rests until it is adopted"})
                                 .field("agents", &PolicyView::agents, {.doc = "Who follows this policy"})
                                 .field("last_run_status", &PolicyView::lastRunStatus)
                                 .field("last_run_at", &PolicyView::lastRunAt)
                                 .field("next_run_at", &PolicyView::nextRunAt)
                                 .field("created_at", &PolicyView::createdAt)
                                 .field("updated_at", &PolicyView::updatedAt)
                                 .build();
    return type;
}

const Type& wireType(const PolicyQuery*) {
    static const auto type = object<PolicyQuery>("PolicyQuery", strict)
                                 .include<core::http::PageQuery>()
                                 .field("name", &PolicyQuery::name)
                                 .field("enabled", &PolicyQuery::enabled)
                                 .build();
    return type;
}

const Type& wireType(const PreviewInput*) {
    static const auto type =
        object<PreviewInput>("SchedulePreviewInput", strict)
            .field("schedule", &PreviewInput::schedule, {.minLength = 1, .maxLength = 255})
            .field("timezone", &PreviewInput::timezone, {.optional = true, .maxLength = 64})
            .field("blackout_windows", &PreviewInput::blackoutWindows, {.optional = true, .maxItems = 20})
            .field("from", &PreviewInput::from)
            .field("count", &PreviewInput::count, {.optional = true, .min = 1, .max = 100})
            .build();
    return type;
}

const Type& wireType(const PreviewView*) {
    static const auto type = object<PreviewView>("SchedulePreview", tolerant)
                                 .field("next", &PreviewView::next)
                                 .field("varies", &PreviewView::varies,
                                        {.doc = "An H stands in the schedule: each agent has times of its "
                                                "own, of which these are an example"})
                                 .build();
    return type;
}

} // namespace restic
