#pragma once

#include <functional>
#include <vector>

#include "base/tenant_directory.h"
#include "core/module/command.h"
#include "core/service.h"
#include "import/v0_import.h"

namespace restic {

/// What the import works with; lives as long as the module.
struct ImportCommands {
    core::ServiceHandle<base::TenantDirectory> tenants;
    V0Import& import;
};

/// `migrate --from-v0`, a form of the host's own `migrate`. The parts are asked for when it runs: there are
/// none before.
std::vector<core::Command> importCommands(const std::function<ImportCommands()>& parts);

} // namespace restic
