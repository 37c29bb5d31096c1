#include "state/identity.h"

#include <fstream>

#include "core/encoding.h"
#include "core/wire.h"
#include "state/files.h"

namespace agent {

static const core::wire::Type& wireType(const Identity*) {
    static const auto type = core::wire::object<Identity>("Identity", core::wire::tolerant)
                                 .field("agent_id", &Identity::agentId, {.minLength = 1})
                                 .field("token", &Identity::token, {.minLength = 1})
                                 .field("server_url", &Identity::serverUrl, {.minLength = 1})
                                 .field("hostname", &Identity::hostname, {.optional = true})
                                 .field("ca_cert", &Identity::caCert, {.optional = true})
                                 .field("issued_at", &Identity::issuedAt)
                                 .field("expires_at", &Identity::expiresAt)
                                 .field("machine_id", &Identity::machineId, {.optional = true})
                                 .field("hardware_id", &Identity::hardwareId, {.optional = true})
                                 .build();
    return type;
}

core::Instant rotationTime(const Identity& identity) {
    return identity.issuedAt + (identity.expiresAt - identity.issuedAt) * 2 / 3;
}

std::optional<Identity> loadIdentity(const std::filesystem::path& file) {
    const auto text = readFileIfAny(file);
    if (!text)
        return std::nullopt;
    auto identity = core::wire::parse<Identity>(*text);
    if (!identity)
        throw core::Error(errors::kState,
                          file.string() + " is damaged; enrol the agent again with `restic-agent enroll`");
    return std::move(identity).value();
}

void saveIdentity(const std::filesystem::path& file, const Identity& identity) {
    writeFileDurably(file, core::wire::write(identity) + "\n");
}

Identity IdentityStore::get() const {
    const std::lock_guard lock(mutex_);
    return identity_;
}

namespace {
std::string markIn(const char* file) {
    std::ifstream in(file);
    std::string text;
    std::getline(in, text);
    return text.empty() ? text : core::hexEncode(core::sha256("restic-agent " + text)).substr(0, 32);
}
} // namespace

MachineMarks marksOfThisMachine() {
    return {markIn("/etc/machine-id"), markIn("/sys/class/dmi/id/product_uuid")};
}

bool isFromAnotherMachine(const Identity& identity, const MachineMarks& marks) {
    const auto differ = [](const std::string& a, const std::string& b) {
        return !a.empty() && !b.empty() && a != b;
    };
    return differ(identity.machineId, marks.machineId) || differ(identity.hardwareId, marks.hardwareId);
}

void IdentityStore::setMarks(const MachineMarks& marks) {
    const std::lock_guard lock(mutex_);
    auto next = identity_;
    if (!marks.machineId.empty())
        next.machineId = marks.machineId;
    if (!marks.hardwareId.empty())
        next.hardwareId = marks.hardwareId;
    if (next.machineId == identity_.machineId && next.hardwareId == identity_.hardwareId)
        return;
    saveIdentity(file_, next);
    identity_ = std::move(next);
}

void IdentityStore::replaceToken(std::string token, core::Instant issuedAt, core::Instant expiresAt) {
    const std::lock_guard lock(mutex_);
    auto next = identity_;
    next.token = std::move(token);
    next.issuedAt = issuedAt;
    next.expiresAt = expiresAt;
    saveIdentity(file_, next);
    identity_ = std::move(next);
}

} // namespace agent
