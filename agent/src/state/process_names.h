#pragma once

#include <string>

namespace agent {

/// A name that no other process and no other call makes: "PID.TICKS.N". Whose it is can be told after a
/// crash.
[[nodiscard]] std::string nameOfThisProcess();

/// Whether the process that made this name still runs; false for any other name.
[[nodiscard]] bool makerLives(const std::string& name);

} // namespace agent
