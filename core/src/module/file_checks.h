#pragma once

#include <filesystem>
#include <string>

#include <unistd.h>

#include "core/error.h"
#include "core/file_owner.h"

namespace core::module {

inline constexpr ErrorKind kModuleRefused{"ModuleRefused", 500, "A module file cannot be used",
                                          "Do what the message says and start again"};

/// Throws core::Error(kModuleRefused): the file's name, why, and a full stop.
[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why);

/// Refuses what ownerProblem() does.
void judgeOwnership(const std::filesystem::path& path, FileKind kind = FileKind::file,
                    uid_t user = ::geteuid());

} // namespace core::module
