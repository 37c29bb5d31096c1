#include "policies/policy_views.h"
#include "core/text.h"

#include "field_rules.h"

namespace restic {

using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

const Type& wireType(const RetentionRules*) {
    // Negative counts get their own error name, so they pass here.
    static const auto type = object<RetentionRules>("RetentionRules", strict, "How many snapshots are kept")
                                 .field("keep_last", &RetentionRules::keepLast, {.max = 100000})
                                 .field("keep_hourly", &RetentionRules::keepHourly, {.max = 100000})
                                 .field("keep_daily", &RetentionRules::keepDaily, {.max = 100000})
                                 .field("keep_weekly", &RetentionRules::keepWeekly, {.max = 100000})
                                 .field("keep_monthly", &RetentionRules::keepMonthly, {.max = 100000})
                                 .field("keep_yearly", &RetentionRules::keepYearly, {.max = 100000})
                                 .build();
    return type;
}

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

const Type& wireType(const PolicyInput*) {
    static const auto type =
        object<PolicyInput>("PolicyInput", strict)
            .field("name", &PolicyInput::name,
                   {.minLength = 1, .maxLength = 255, .example = "nightly", .check = core::checkName})
            .field("enabled", &PolicyInput::enabled, {.optional = true})
            .field("schedule", &PolicyInput::schedule,
                   {.doc = "Five cron fields", .minLength = 1, .maxLength = 255, .example = "0 2 * * *"})
            .field("timezone", &PolicyInput::timezone,
                   {.doc = "IANA name", .optional = true, .maxLength = 64, .example = "Europe/Berlin"})
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
            .field("retention_rules", &PolicyInput::retentionRules)
            .field("priority", &PolicyInput::priority, {.optional = true, .min = 0, .max = 10})
            .field("timeout_seconds", &PolicyInput::timeoutSeconds,
                   {.optional = true, .min = 60, .max = 2592000})
            .field("max_age_hours", &PolicyInput::maxAgeHours, {.min = 1, .max = 87600})
            .field("min_size_bytes", &PolicyInput::minSizeBytes, {.min = 0})
            .field("repository_id", &PolicyInput::repositoryId)
            .field("repository_url", &PolicyInput::repositoryUrl, {.minLength = 1, .maxLength = 4096})
            .field("repository_type", &PolicyInput::repositoryType, {.oneOf = repositoryTypes()})
            .field("repository_config", &PolicyInput::repositoryConfig)
            .field("plugins", &PolicyInput::plugins, {.optional = true, .maxItems = 20})
            .field("catch_up", &PolicyInput::catchUp, {.optional = true, .oneOf = {"one", "none", "all"}})
            .build();
    return type;
}

const Type& wireType(const LinkView*) {
    static const auto type = object<LinkView>("PolicyAgent", tolerant)
                                 .field("agent_id", &LinkView::agentId)
                                 .field("hostname", &LinkView::hostname)
                                 .field("next_run_at", &LinkView::nextRunAt)
                                 .field("placeholder", &LinkView::placeholder,
                                        {.doc = "It was imported and no agent runs there yet"})
                                 .build();
    return type;
}

const Type& wireType(const PolicyView*) {
    static const auto type = object<PolicyView>("Policy", tolerant)
                                 .field("id", &PolicyView::id)
                                 .field("name", &PolicyView::name)
                                 .field("enabled", &PolicyView::enabled)
                                 .field("schedule", &PolicyView::schedule)
                                 .field("timezone", &PolicyView::timezone)
                                 .field("include_paths", &PolicyView::includePaths)
                                 .field("exclude_paths", &PolicyView::excludePaths)
                                 .field("tags", &PolicyView::tags)
                                 .field("retention_rules", &PolicyView::retentionRules)
                                 .field("priority", &PolicyView::priority)
                                 .field("timeout_seconds", &PolicyView::timeoutSeconds)
                                 .field("max_age_hours", &PolicyView::maxAgeHours)
                                 .field("min_size_bytes", &PolicyView::minSizeBytes)
                                 .field("repository_id", &PolicyView::repositoryId)
                                 .field("repository_url", &PolicyView::repositoryUrl)
                                 .field("repository_type", &PolicyView::repositoryType)
                                 .field("repository_config", &PolicyView::repositoryConfig)
                                 .field("plugins", &PolicyView::plugins,
                                        {.shape = &core::wire::typeOf<PluginUse>, .shapeIsList = true})
                                 .field("catch_up", &PolicyView::catchUp)
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
