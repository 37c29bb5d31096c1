#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/export.h"

namespace core {

inline constexpr ErrorKind kTemplateFailed{"TemplateFailed", 500, "What is new cannot be written",
                                           "Do what the message says"};

/// What is wrong with a name for something of that kind ("module"), as a sentence; nullopt for a good one. It
/// becomes file, namespace, table prefix and build target, so it must be an identifier in all of them.
CORE_EXPORT std::optional<std::string> judgeTemplateName(const std::string& kind, const std::string& name);

/// Copies a template that is named "hello", and gives it the name, in texts and in file names: `hello`
/// becomes my_module, `Hello` becomes MyModule. Returns the files, relative to the folder, sorted. Throws
/// core::Error(kTemplateFailed) if the template is not installed, or the folder is there and not empty, or
/// cannot be written.
CORE_EXPORT std::vector<std::filesystem::path> writeTemplate(const std::filesystem::path& source,
                                                             const std::string& name,
                                                             const std::filesystem::path& folder);

} // namespace core
