#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/module/command.h"
#include "host/host.h"
#include "host/service_manager.h"

namespace core::app {

/// What may stand before or after any command.
struct GlobalOptions {
    std::string file = "/etc/ae-backend/config.yaml";
    bool fileRequired = false;                ///< it was named
    std::map<std::string, std::string> flags; ///< by setting
    std::map<std::string, std::string> environment;
    std::filesystem::path executable;
    bool json = false;
};

std::string versionLine();

/// All commands of the program: its own and those of the modules that could be loaded. Each of its own goes
/// through the host's steps as far as it needs.
class Commands {
public:
    /// `manager` must outlive it.
    Commands(const GlobalOptions& options, const host::ServiceManager& manager);

    [[nodiscard]] std::vector<Command> all();
    /// Runs one; exceptions become exit code 1 with their message. Ends the process if a thread had to be
    /// abandoned.
    int run(const Command& command, const GlobalOptions& options, Command::Invocation& invocation);

private:
    /// What stands before a module's own command.
    void prepareModules(const Command::Invocation& invocation);
    int answer(const Command& command, const GlobalOptions& options, Command::Invocation& invocation);
    int serve(Command::Invocation& invocation);
    int migrate(Command::Invocation& invocation);
    int backup(Command::Invocation& invocation);
    int configCheck(Command::Invocation& invocation);
    int configShow(Command::Invocation& invocation);
    int configReference(Command::Invocation& invocation);
    void reload();
    void tellReady();
    int moduleList(Command::Invocation& invocation);
    int openApi(Command::Invocation& invocation);
    int events(Command::Invocation& invocation);
    int moduleCheck(Command::Invocation& invocation);
    int moduleNew(Command::Invocation& invocation);
    int doctor(Command::Invocation& invocation);

    std::filesystem::path executable_;
    std::map<std::string, std::string> environment_;
    const host::ServiceManager& manager_;
    std::unique_ptr<host::Host> host_;
    bool moduleRuns_ = false; ///< a module's command has begun
};

} // namespace core::app
