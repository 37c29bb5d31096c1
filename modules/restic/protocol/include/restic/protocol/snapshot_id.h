#pragma once

#include <optional>
#include <string>

namespace restic::protocol {

/// What is wrong with a snapshot's whole id: it is 64 hexadecimal digits. For the rules of wire types.
[[nodiscard]] std::optional<std::string> checkSnapshotId(const std::string& id);
/// The same for an id or its beginning: 8 digits and more.
[[nodiscard]] std::optional<std::string> checkShortId(const std::string& id);

} // namespace restic::protocol
