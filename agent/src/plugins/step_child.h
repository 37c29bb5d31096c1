#pragma once

namespace agent {

/// The process of one step: `restic-agent plugin-step FILE`. Loads the library that the file names, calls the
/// one function, and ends. 0: the step is well done. Not for people.
int stepMain(const char* requestFile);

/// The name of that command.
inline constexpr const char* kStepCommand = "plugin-step";

} // namespace agent
