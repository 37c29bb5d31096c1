#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "settings.h"

namespace docker {

/// The version of GNU tar. Failure if it is not there.
[[nodiscard]] std::string tarVersion(const Step& step);

/// Writes the content of a folder to the step's stream. Returns what tar said of files that changed
/// meanwhile; `live`: that is allowed. Failure otherwise.
std::vector<std::string> packFolder(const Step& step, const std::string& folder, bool live);

/// Unpacks the step's stream into an empty folder. Failure if it is no archive, if it does not end as one, or
/// if something of it cannot be made. Nothing outside of the folder is touched, whatever the archive says.
void unpackInto(const Step& step, const std::string& folder);

/// What tar complained of; its last line says only that there was something.
[[nodiscard]] std::string firstOf(const agent::plugin::Ended& end);

} // namespace docker
