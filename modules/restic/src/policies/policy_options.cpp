#include "policies/policy_options.h"

#include "field_rules.h"

namespace restic {

const core::wire::Type& wireType(const PolicyOptions*) {
    using O = PolicyOptions;
    static const auto type =
        core::wire::object<O>(
            "PolicyOptions", core::wire::strict,
            "What may be said for a tenant, a policy, or one agent of it: the nearest counts")
            .field("timezone", &O::timezone,
                   {.doc = "IANA name", .maxLength = 64, .example = "Europe/Berlin"})
            .field("retention_rules", &O::retentionRules)
            .field("priority", &O::priority, {.min = 0, .max = 10})
            .field("timeout_seconds", &O::timeoutSeconds, {.min = 60, .max = 2592000})
            .field("max_age_hours", &O::maxAgeHours, {.min = 1, .max = 87600})
            .field("min_size_bytes", &O::minSizeBytes, {.min = 0})
            .field(
                "catch_up", &O::catchUp,
                {.doc =
                     "What becomes of slots that were missed: one backup for all of them, none, or one for "
                     "each",
                 .oneOf = {"one", "none", "all"}})
            .field("catch_up_most", &O::catchUpMost,
                   {.doc = "With catch_up `all`: only so many of the newest", .min = 1, .max = kMostCaughtUp})
            .field("jitter_minutes", &O::jitterMinutes,
                   {.doc = "Each agent begins so much later, or less: always the same", .min = 0, .max = 720})
            .field("blackout_windows", &O::blackoutWindows,
                   {.doc = "In which no backup begins by itself: it begins when they end", .maxItems = 20})
            .field("limit_upload_kib", &O::limitUploadKib,
                   {.doc = "Upload at most, in KiB/s; 0: without a limit", .min = 0, .max = 100000000})
            .field("limit_download_kib", &O::limitDownloadKib,
                   {.doc = "Download at most, in KiB/s; 0: without a limit", .min = 0, .max = 100000000})
            .field("one_file_system", &O::oneFileSystem,
                   {.doc = "Leaves out what other disks are mounted below the paths"})
            .field("pre_hook", &O::preHook,
                   {.doc =
                        "A program in the agent's folder of hooks that runs before the backup, which is not "
                        "made where it fails; empty: none",
                    .maxLength = 64,
                    .check = checkHookName})
            .field("post_hook", &O::postHook,
                   {.doc = "A program in the agent's folder of hooks that runs after the backup, however it "
                           "ended; empty: none",
                    .maxLength = 64,
                    .check = checkHookName})
            .build();
    return type;
}

core::json::Object documentOf(const PolicyOptions& options) {
    core::json::Object said;
    const auto document = core::wire::toJson(options);
    for (const auto& [name, value] : document.object()->members())
        if (!value.isNull())
            said.set(name, value);
    return said;
}

PolicyOptions optionsIn(const core::json::Object& document) {
    PolicyOptions options;
    for (const auto& field : wireType(&options).fields())
        if (const auto* value = document.find(field.name)) {
            // Each by itself: one that is damaged takes no other with it.
            if (auto read = core::wire::read<PolicyOptions>(core::json::Object{{field.name, *value}}))
                options = over(options, read.value());
        }
    return options;
}

PolicyOptions over(const PolicyOptions& below, const PolicyOptions& own) {
    PolicyOptions all = own;
    const auto inherit = [&](auto member) {
        if (!(all.*member))
            all.*member = below.*member;
    };
    inherit(&PolicyOptions::timezone);
    inherit(&PolicyOptions::retentionRules);
    inherit(&PolicyOptions::priority);
    inherit(&PolicyOptions::timeoutSeconds);
    inherit(&PolicyOptions::maxAgeHours);
    inherit(&PolicyOptions::minSizeBytes);
    inherit(&PolicyOptions::catchUp);
    inherit(&PolicyOptions::catchUpMost);
    inherit(&PolicyOptions::jitterMinutes);
    inherit(&PolicyOptions::blackoutWindows);
    inherit(&PolicyOptions::limitUploadKib);
    inherit(&PolicyOptions::limitDownloadKib);
    inherit(&PolicyOptions::oneFileSystem);
    inherit(&PolicyOptions::preHook);
    inherit(&PolicyOptions::postHook);
    return all;
}

Schedule scheduleOf(std::string expression, const PolicyOptions& options, std::string key) {
    return {std::move(expression), options.timezone.value_or("UTC"), std::move(key),
            std::chrono::minutes(options.jitterMinutes.value_or(0)),
            options.blackoutWindows.value_or(std::vector<BlackoutWindow>())};
}

core::json::Object originsOf(const core::json::Object& link, const core::json::Object& policy,
                             const core::json::Object& tenant) {
    core::json::Object origins;
    for (const auto& field : wireType(static_cast<const PolicyOptions*>(nullptr)).fields())
        origins.set(field.name, link.find(field.name) != nullptr     ? "link"
                                : policy.find(field.name) != nullptr ? "policy"
                                : tenant.find(field.name) != nullptr ? "tenant"
                                                                     : "default");
    return origins;
}

} // namespace restic
