#pragma once

#include <memory>

#include "core/module/module.h"
#include "services.h"

namespace base {

/// Tenants, people, tokens, secrets, and the audit log: what the other modules stand on.
class BaseModule final : public core::Module {
public:
    BaseModule();
    ~BaseModule() override;

    [[nodiscard]] std::string_view name() const override { return "base"; }
    [[nodiscard]] std::string_view version() const override;
    [[nodiscard]] std::vector<core::config::Setting> settings() const override;
    [[nodiscard]] std::vector<core::db::Migration> migrations(core::db::Dialect dialect) const override;
    [[nodiscard]] std::vector<core::Entity> entities() const override;
    [[nodiscard]] std::vector<core::Command> commands() override;
    void initialize(core::ModuleContext& context) override;
    [[nodiscard]] std::vector<core::http::Route> routes() override;
    void start() override;
    void stop() noexcept override;

private:
    core::ModuleContext* context_ = nullptr;
    std::unique_ptr<Parts> parts_;
};

} // namespace base
