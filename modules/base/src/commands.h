#pragma once

#include <functional>
#include <vector>

#include "core/module/command.h"
#include "services.h"

namespace base {

/// `user create|list|set-password|disable|enable`, `token create`, `tenant create`, `tenant set`, `vault
/// rotate`. `parts` gives the module's objects once it is initialised.
std::vector<core::Command> commands(const std::function<Parts&()>& parts);

} // namespace base
