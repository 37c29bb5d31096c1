#pragma once

#include <filesystem>
#include <string>

#include <unistd.h>

#include "core/error.h"

namespace core::module {

inline constexpr ErrorKind kModuleRefused{"ModuleRefused", 500, "A module file cannot be used",
                                          "Do what the message says and start again"};

/// Throws core::Error(kModuleRefused): the file's name, why, and a full stop.
[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why);

enum class FileKind { file, folder };
/// Refuses what is no regular file or folder (links are not followed), what belongs neither to root nor to
/// `user`, and what others can write.
void judgeOwnership(const std::filesystem::path& path, FileKind kind = FileKind::file,
                    uid_t user = ::geteuid());

} // namespace core::module
