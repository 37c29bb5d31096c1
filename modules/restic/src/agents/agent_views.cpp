#include "agents/agent_views.h"

#include "core/text.h"

namespace restic {

using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::Type;

const Type& wireType(const RegistrationTokenInput*) {
    static const auto type =
        object<RegistrationTokenInput>("RegistrationTokenInput", strict)
            .field("ttl_seconds", &RegistrationTokenInput::ttlSeconds,
                   {.doc = "Life of the token; an hour without it", .min = 60, .max = 604800})
            .field("max_uses", &RegistrationTokenInput::maxUses,
                   {.doc = "How many agents may enrol with it", .optional = true, .min = 1, .max = 1000})
            .field("hostname", &RegistrationTokenInput::hostname,
                   {.doc = "Only this machine may use it", .minLength = 1, .maxLength = 255})
            .build();
    return type;
}

const Type& wireType(const RegistrationTokenView*) {
    static const auto type = object<RegistrationTokenView>("RegistrationToken", tolerant)
                                 .field("id", &RegistrationTokenView::id)
                                 .field("token", &RegistrationTokenView::token, {.doc = "Shown this once"})
                                 .field("expires_at", &RegistrationTokenView::expiresAt)
                                 .field("install_command", &RegistrationTokenView::installCommand,
                                        {.doc = "One line to paste on the machine"})
                                 .build();
    return type;
}

const Type& wireType(const OpenRegistrationView*) {
    static const auto type =
        object<OpenRegistrationView>("OpenRegistrationToken", tolerant)
            .field("id", &OpenRegistrationView::id)
            .field("hostname", &OpenRegistrationView::hostname, {.doc = "The only machine that may use it"})
            .field("max_uses", &OpenRegistrationView::maxUses)
            .field("uses", &OpenRegistrationView::uses)
            .field("created_by", &OpenRegistrationView::createdBy)
            .field("created_at", &OpenRegistrationView::createdAt)
            .field("expires_at", &OpenRegistrationView::expiresAt)
            .build();
    return type;
}

const Type& wireType(const AgentView*) {
    static const auto type =
        object<AgentView>("Agent", tolerant)
            .field("id", &AgentView::id)
            .field("hostname", &AgentView::hostname)
            .field("label", &AgentView::label)
            .field("os", &AgentView::os, {.oneOf = {"linux", "windows", "darwin", "unknown"}})
            .field("arch", &AgentView::arch)
            .field("version", &AgentView::version)
            .field("status", &AgentView::status, {.oneOf = {"online", "offline", "error"}})
            .field("paused", &AgentView::paused)
            .field("max_concurrent_tasks", &AgentView::maxConcurrentTasks)
            .field("tags", &AgentView::tags, {.doc = "By which policies find it"})
            .field("last_seen_at", &AgentView::lastSeenAt)
            .field("metadata", &AgentView::metadata,
                   {.doc = "What the last heartbeat said: CPU, memory, disks, restic_version"})
            .field("placeholder", &AgentView::placeholder,
                   {.doc = "It was imported and no agent runs there yet; one that enrols with its host name "
                           "takes its place"})
            .field("created_at", &AgentView::createdAt)
            .field("updated_at", &AgentView::updatedAt)
            .build();
    return type;
}

AgentView AgentView::of(const Agent& a) {
    return {
        a.id,       a.hostname,           a.label, a.os,         a.arch,     a.version,         a.status,
        a.paused,   a.maxConcurrentTasks, a.tags,  a.lastSeenAt, a.metadata, a.isPlaceholder(), a.createdAt,
        a.updatedAt};
}

const Type& wireType(const AgentUpdate*) {
    static const auto type =
        object<AgentUpdate>("AgentUpdate", strict)
            .field("label", &AgentUpdate::label, {.maxLength = 255, .check = core::checkNameOrNone})
            .field("paused", &AgentUpdate::paused, {.doc = "A paused agent gets no tasks"})
            .field("max_concurrent_tasks", &AgentUpdate::maxConcurrentTasks, {.min = 1, .max = 64})
            .field("tags", &AgentUpdate::tags,
                   {.doc = "By which policies find it",
                    .minLength = 1,
                    .maxLength = 64,
                    .maxItems = 50,
                    .check = core::checkName})
            .build();
    return type;
}

const Type& wireType(const AgentQuery*) {
    static const auto type =
        object<AgentQuery>("AgentQuery", strict)
            .include<core::http::PageQuery>()
            .field("status", &AgentQuery::status, {.oneOf = {"online", "offline", "error"}})
            .field("hostname", &AgentQuery::hostname)
            .build();
    return type;
}

} // namespace restic
