#include "commands/enrolment.h"

#include <iostream>

#include "agent_version.h"
#include "api_client/host_client.h"
#include "config/server_address.h"
#include "core/encoding.h"
#include "core/json.h"
#include "core/random.h"
#include "heartbeat/heartbeat.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;

/// The nonce of this token and server: the stored one, or a new one that is stored first.
std::string nonceFor(const StateDir& state, const EnrollOptions& options) {
    // Not the token itself: what is spent is no secret, but what is not yet spent is.
    const auto key = core::hexEncode(core::sha256(options.server + "\n" + options.token));
    if (const auto text = readFileIfAny(state.enrolment())) {
        const auto stored = core::json::parse(*text);
        if (stored && stored.value().stringOr("for") == key && !stored.value().stringOr("nonce").empty())
            return stored.value().stringOr("nonce");
    }
    auto nonce = core::randomToken();
    writeFileDurably(state.enrolment(),
                     core::json::write(core::json::Object{{"for", key}, {"nonce", nonce}}) + "\n");
    return nonce;
}

std::string sentence(const ApiFailure& failure, const EnrollOptions& options, const std::string& hostname) {
    using Kind = ApiFailure::Kind;
    if (failure.name == "AgentAlreadyExists")
        return "Another agent is already enrolled under the name " + hostname +
               ". Choose another with --hostname, or revoke the old agent on the server first.";
    if (failure.name == "InvalidRegistrationToken")
        return "The server does not accept this registration token: it is wrong, spent or expired. Ask for a "
               "new one "
               "and enrol with it.";
    if (failure.name == "TenantLimitReached")
        return "The server allows no more agents: " + failure.message;
    if (failure.kind == Kind::network)
        return failure.message + ". Check the address and the network, then run the same command again.";
    if (failure.kind == Kind::busy)
        return options.server + " cannot enrol agents now (" + failure.message +
               "). Run the same command again later.";
    return options.server + " refused the enrolment: " + failure.message;
}
/// The first line of standard input, without blanks around it.
std::string tokenFromInput() {
    std::string line;
    std::getline(std::cin, line);
    const auto first = line.find_first_not_of(" \t\r");
    return first == std::string::npos ? std::string()
                                      : line.substr(first, line.find_last_not_of(" \t\r") + 1 - first);
}

} // namespace

Identity enrol(const Config& config, const StateDir& state, const EnrollOptions& given,
               const Environment& environment, const core::Clock& clock) {
    auto options = given;
    if (options.server.empty())
        options.server = config.orchestrator.url;
    if (options.token == "-")
        options.token = tokenFromInput();
    if (options.token.empty())
        options.token = config.orchestrator.token;
    if (options.caCert.empty())
        options.caCert = config.orchestrator.caCert;
    if (options.server.empty())
        throw core::Error(errors::kEnrolment,
                          "No server is named: use --server URL, or orchestrator.url in the configuration.");
    if (options.token.empty())
        throw core::Error(
            errors::kEnrolment,
            "No registration token is given: use --token TOKEN, or orchestrator.token in the configuration.");
    while (options.server.ends_with('/'))
        options.server.pop_back();
    if (!options.caCert.empty())
        options.caCert = std::filesystem::absolute(options.caCert).string();
    const auto hostname = options.hostname.empty() ? config.agent.hostname : options.hostname;

    core::http::Client http(clientOptions({options.server, options.caCert}, environment));
    protocol::RegisterRequest request;
    request.hostname = hostname;
    request.os = operatingSystem();
    request.arch = architecture();
    request.version = kAgentVersion;
    if (!config.agent.id.empty())
        request.label = config.agent.id;
    // Who enrols again at the same server stays the agent that it was. Another server must not see the token.
    if (const auto before = loadIdentity(state.identity()); before && before->serverUrl == options.server)
        request.previousToken = before->token;
    const auto now = clock.now();
    const auto answer = registerAgent(http, options.token, nonceFor(state, options), request);
    if (!answer)
        throw core::Error(errors::kEnrolment, sentence(answer.failure, options, hostname));
    Identity identity;
    identity.agentId = answer.value->agentId.toString();
    identity.token = answer.value->token;
    identity.serverUrl = options.server;
    identity.hostname = answer.value->hostname;
    identity.caCert = options.caCert;
    identity.issuedAt = now;
    identity.expiresAt = answer.value->expiresAt;
    const auto marks = marksOfThisMachine();
    identity.machineId = marks.machineId;
    identity.hardwareId = marks.hardwareId;
    saveIdentity(state.identity(), identity);
    std::error_code ignored;
    std::filesystem::remove(state.enrolment(), ignored);
    return identity;
}

} // namespace agent
