#include "restic/protocol/agent_messages.h"

#include "core/text.h"

namespace restic::protocol {
using core::wire::object;
using core::wire::tolerant;
using core::wire::Type;

const Type& wireType(const RegisterRequest*) {
    static const auto type =
        object<RegisterRequest>("AgentRegistration", tolerant, "An agent introduces itself")
            .field("hostname", &RegisterRequest::hostname,
                   {.doc = "The machine's name; unique among the tenant's agents",
                    .minLength = 1,
                    .maxLength = 253})
            .field("os", &RegisterRequest::os,
                   {.minLength = 1, .maxLength = 64, .example = "linux", .check = core::checkName})
            .field("arch", &RegisterRequest::arch,
                   {.minLength = 1, .maxLength = 64, .example = "amd64", .check = core::checkName})
            .field("version", &RegisterRequest::version,
                   {.minLength = 1, .maxLength = 64, .check = core::checkName})
            .field("ip", &RegisterRequest::ip,
                   {.omitEmpty = true, .maxLength = 64, .check = core::checkNameOrNone})
            .field("label", &RegisterRequest::label,
                   {.doc = "A name for people",
                    .omitEmpty = true,
                    .maxLength = 256,
                    .check = core::checkNameOrNone})
            .field(
                "previousToken", &RegisterRequest::previousToken,
                {.doc = "The identity that the machine had before, expired or not: it stays the same agent",
                 .omitEmpty = true,
                 .maxLength = 4096})
            .build();
    return type;
}

const Type& wireType(const RegisterResponse*) {
    static const auto type =
        object<RegisterResponse>("AgentRegistered", tolerant, "The agent's identity, shown this once")
            .field("agentId", &RegisterResponse::agentId)
            .field("hostname", &RegisterResponse::hostname)
            .field("registeredAt", &RegisterResponse::registeredAt)
            .field("updatedAt", &RegisterResponse::updatedAt)
            .field("message", &RegisterResponse::message)
            .field("token", &RegisterResponse::token, {.doc = "Bearer token of the agent", .minLength = 1})
            .field("expiresAt", &RegisterResponse::expiresAt)
            .build();
    return type;
}

const Type& wireType(const TokenResponse*) {
    static const auto type =
        object<TokenResponse>("AgentToken", tolerant, "The agent's next token, shown this once")
            .field("token", &TokenResponse::token, {.minLength = 1})
            .field("expiresAt", &TokenResponse::expiresAt)
            .build();
    return type;
}

const Type& wireType(const DiskUsage*) {
    static const auto type = object<DiskUsage>("DiskUsage", tolerant)
                                 .field("mountPath", &DiskUsage::mountPath, {.maxLength = 4096})
                                 .field("freeBytes", &DiskUsage::freeBytes)
                                 .field("totalBytes", &DiskUsage::totalBytes)
                                 .build();
    return type;
}

const Type& wireType(const OpenTask*) {
    static const auto type =
        object<OpenTask>("OpenTask", tolerant, "A task that the agent's journal holds open")
            .field("taskId", &OpenTask::taskId)
            .field("attempt", &OpenTask::attempt, {.min = 1})
            .field("status", &OpenTask::status,
                   {.doc = "assigned, running, or the result that is still to be acknowledged"})
            .build();
    return type;
}

const Type& wireType(const HeartbeatRequest*) {
    static const auto type =
        object<HeartbeatRequest>("AgentHeartbeat", tolerant, "Health and load of an agent")
            .field("version", &HeartbeatRequest::version, {.minLength = 1, .maxLength = 64})
            .field("os", &HeartbeatRequest::os, {.minLength = 1, .maxLength = 64})
            .field("uptimeSeconds", &HeartbeatRequest::uptimeSeconds,
                   {.omitEmpty = true, .min = 0, .max = 100000000000})
            .field("disks", &HeartbeatRequest::disks, {.optional = true, .maxItems = 256})
            .field("lastBackupStatus", &HeartbeatRequest::lastBackupStatus,
                   {.omitEmpty = true, .maxLength = 32})
            .field("cpuPercent", &HeartbeatRequest::cpuPercent, {.omitEmpty = true, .min = 0, .max = 100000})
            .field("memoryUsedBytes", &HeartbeatRequest::memoryUsedBytes, {.omitEmpty = true})
            .field("memoryTotalBytes", &HeartbeatRequest::memoryTotalBytes, {.omitEmpty = true})
            .field("runningTasks", &HeartbeatRequest::runningTasks, {.omitEmpty = true, .min = 0})
            .field("queuedTasks", &HeartbeatRequest::queuedTasks, {.omitEmpty = true, .min = 0})
            .field("lastBackup", &HeartbeatRequest::lastBackup, {.omitEmpty = true})
            .field(
                "latencyMs", &HeartbeatRequest::latencyMs,
                {.doc = "How long the previous heartbeat took", .omitEmpty = true, .min = 0, .max = 86400000})
            .field("resticVersion", &HeartbeatRequest::resticVersion,
                   {.doc = "Absent when no restic was found", .omitEmpty = true, .maxLength = 64})
            .field("availablePlugins", &HeartbeatRequest::availablePlugins,
                   {.optional = true, .maxLength = 64, .maxItems = 256})
            .field(
                "pluginsVersion", &HeartbeatRequest::pluginsVersion,
                {.doc = "Another one with every change of the plugins", .omitEmpty = true, .maxLength = 128})
            .field("plugins", &HeartbeatRequest::plugins,
                   {.doc = "Where the server wants them: see pluginsWanted", .omitEmpty = true})
            .field("features", &HeartbeatRequest::features,
                   {.doc = "What the agent understands beyond the first version of the protocol",
                    .optional = true,
                    .maxLength = 64,
                    .maxItems = 256})
            .field("problems", &HeartbeatRequest::problems,
                   {.doc = "What is wrong on the machine, in plain sentences",
                    .optional = true,
                    .omitEmpty = true,
                    .maxLength = 1024,
                    .maxItems = 32})
            .field("ownRepository", &HeartbeatRequest::ownRepository,
                   {.doc = "The agent's own configuration names a repository, for policies that name none",
                    .optional = true})
            .field("openTasks", &HeartbeatRequest::openTasks,
                   {.doc = "Tasks that the agent's journal holds open; absent when it keeps none",
                    .omitEmpty = true,
                    .maxItems = 1000})
            .build();
    return type;
}

const Type& wireType(const HeartbeatResponse*) {
    static const auto type =
        object<HeartbeatResponse>("AgentHeartbeatAck", tolerant)
            .field("status", &HeartbeatResponse::status)
            .field("nextTaskCheckAfterSeconds", &HeartbeatResponse::nextTaskCheckAfterSeconds,
                   {.doc = "When the server wants to hear from the agent again",
                    .optional = true,
                    .min = 1,
                    .max = 3600})
            .field("pluginsWanted", &HeartbeatResponse::pluginsWanted,
                   {.doc = "The next heartbeat is to bring the plugins", .optional = true, .omitEmpty = true})
            .build();
    return type;
}

} // namespace restic::protocol
