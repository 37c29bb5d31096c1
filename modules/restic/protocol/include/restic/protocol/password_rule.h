#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace restic::protocol {

/// What is wrong with a repository's password, as a sentence that begins with "must"; nothing if it opens the
/// repository by hand exactly as it was typed. restic trims what it reads from a file, drops a byte order
/// mark, and takes a password from its prompt up to the end of the line; from RESTIC_PASSWORD it takes
/// everything.
[[nodiscard]] std::optional<std::string> checkRepositoryPassword(const std::string& password);

/// restic would read another password from a file.
[[nodiscard]] bool changesInFile(std::string_view password) noexcept;

} // namespace restic::protocol
