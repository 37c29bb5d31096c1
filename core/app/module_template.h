#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"

namespace core::app {

inline constexpr ErrorKind kTemplateFailed{"TemplateFailed", 500, "A new module cannot be written",
                                           "Do what the message says"};

/// What is wrong with a name for a module, as a sentence; nullopt for a good one. It becomes file, namespace,
/// table prefix and build target, so it must be an identifier in all of them.
std::optional<std::string> judgeModuleName(const std::string& name);

/// Copies the template, which is a module named "hello", and gives it the name, in texts and in file names:
/// `hello` becomes my_module, `Hello` becomes MyModule. Returns the files, relative to the folder, sorted.
/// Throws core::Error(kTemplateFailed) if the template is not installed, or the folder is there and not
/// empty, or cannot be written.
std::vector<std::filesystem::path> writeModule(const std::filesystem::path& moduleTemplate,
                                               const std::string& name, const std::filesystem::path& folder);

} // namespace core::app
