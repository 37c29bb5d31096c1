// A module that does nothing. The benchmark copies it under twenty names of the same length.
#include "core/module/module.h"

namespace {
class Noop final : public core::Module {
public:
    std::string_view name() const override { return "noop_00"; }
    std::string_view version() const override { return "1.0.0"; }
    void initialize(core::ModuleContext&) override {}
};
} // namespace

CORE_MODULE("noop_00", "1.0.0", Noop, nullptr, 0)
