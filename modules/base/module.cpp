#include "base_module.h"

#include "core/module/module_abi.h"

CORE_MODULE("base", "0.1.0", base::BaseModule, nullptr, 0)
