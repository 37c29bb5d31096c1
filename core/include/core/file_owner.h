#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <unistd.h>

#include "core/export.h"

namespace core {

enum class FileKind { file, folder };

/// Why a file or folder must not be trusted with code or rules, as the end of a sentence that begins with its
/// name: it is no regular file or folder (links are not followed), belongs neither to root nor to `user`, or
/// can be written by others. Nullopt: only these two can have made it.
CORE_EXPORT std::optional<std::string> ownerProblem(const std::filesystem::path& path,
                                                    FileKind kind = FileKind::file, uid_t user = ::geteuid());

} // namespace core
