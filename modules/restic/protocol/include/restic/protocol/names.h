#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Names that come from outside and go into command lines, environments and pages: one rule for host and
/// agent.
namespace restic::protocol {

/// The form in which a host name is kept and compared: without white space around it and without a final dot,
/// lower case. nullopt for text that is no host name (RFC 1123, and "_", which real machines have).
std::optional<std::string> normalHostName(std::string_view text);

/// What is wrong with a tag: restic would keep it otherwise than it was written (commas, white space around
/// it), or it is one of those by which a snapshot is known to be ours (policy:, task:).
std::optional<std::string> checkTag(const std::string& tag);
/// Snapshots with this tag are kept by every forget, whatever its retention.
inline constexpr std::string_view kPinned = "pinned";

/// What a repository may bring into restic's environment: what its kinds declare.
enum class EnvironmentName {
    refused, ///< everything else: LD_PRELOAD, PATH, RESTIC_PASSWORD_COMMAND
    plain,   ///< an account, a region, a path: kept in the database and shown
    secret   ///< a key or password: only out of the vault
};
EnvironmentName environmentName(std::string_view name) noexcept;

/// Whether a setting of that name holds a secret itself: "password" and "apiKey" do, "password_file" does
/// not.
bool isSecretName(std::string_view name);
/// True for text like "https://user:password@host": what people may read must not contain it.
bool hasCredentials(std::string_view text) noexcept;

} // namespace restic::protocol
