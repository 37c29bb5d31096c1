#include "plugins/step_child.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "core/module/module_abi.h"
#include "plugins/step_host.h"

namespace agent {
namespace {
using namespace std::chrono_literals;

constexpr int kFailed = 1;

std::optional<StepRequest> readRequest(const char* file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    const auto document = core::json::parse(text.str());
    if (!in || !document)
        return std::nullopt;
    auto request = core::wire::read<StepRequest>(document.value());
    return request ? std::optional(std::move(request).value()) : std::nullopt;
}

/// The standard streams belong to the dump, or to nobody: what the library prints must not get into it.
int takeStream(const StepRequest& request) {
    int stream = -1;
    if (request.stream == "out")
        stream = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    else if (request.stream == "in")
        stream = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(nowhere, standard);
    ::close(nowhere);
    return stream;
}

void limitMemory(const StepRequest& request) {
    if (request.memoryLimit <= 0 || sizeof(CORE_BUILD_SANITIZER) > 1)
        return; // a sanitizer reserves terabytes of addresses
    rlimit limit{};
    ::getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = std::min<rlim_t>(static_cast<rlim_t>(request.memoryLimit), limit.rlim_max);
    ::setrlimit(RLIMIT_AS, &limit);
}

/// Ends the step when it is told to, or when its agent is gone.
class Watch {
public:
    Watch(const StepRequest& request, StepHost& host) : host_(host) {
        sigemptyset(&signals_);
        for (const int number : {SIGINT, SIGTERM})
            sigaddset(&signals_, number);
        pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
        agent_ = static_cast<int>(::syscall(SYS_pidfd_open, request.agentPid, 0));
        // Asked after the descriptor is open: from here on the answer is about the same process.
        agentIsGone_ = agent_ < 0 || core::processStartTicks(request.agentPid) !=
                                         static_cast<std::uint64_t>(request.agentTicks);
        thread_ = std::jthread([this](const std::stop_token& done) { run(done); });
    }

private:
    void run(const std::stop_token& done) {
        while (!done.stop_requested()) {
            const timespec aMoment{0, 100000000};
            if (::sigtimedwait(&signals_, nullptr, &aMoment) > 0)
                host_.stop();
            pollfd agent{agent_, POLLIN, 0};
            if (agentIsGone_ || ::poll(&agent, 1, 0) > 0)
                leave();
        }
    }

    /// Nobody waits for this step any more.
    [[noreturn]] void leave() {
        host_.stop();
        std::this_thread::sleep_for(2s);
        host_.killTools();
        std::this_thread::sleep_for(200ms);
        ::_exit(kFailed);
    }

    StepHost& host_;
    sigset_t signals_{};
    int agent_ = -1;
    bool agentIsGone_ = false;
    std::jthread thread_;
};

const agent_plugin* load(const StepRequest& request, StepHost& host) {
    void* library = ::dlopen(request.library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        host.fail("The plugin " + request.name + " cannot be loaded: " + ::dlerror(),
                  "Install what it needs, or a version for this machine");
        return nullptr;
    }
    const auto entry = reinterpret_cast<agent_plugin_entry>(::dlsym(library, AGENT_PLUGIN_ENTRY));
    const auto* plugin = entry == nullptr ? nullptr : entry();
    const auto refuse = [&](const std::string& why) {
        host.fail("The plugin " + request.name + " cannot be used: " + why,
                  "Install library and manifest of the same version");
        return nullptr;
    };
    if (plugin == nullptr)
        return refuse("the library does not export " AGENT_PLUGIN_ENTRY);
    if (plugin->abi != AGENT_PLUGIN_ABI)
        return refuse("it is made for plugin ABI " + std::to_string(plugin->abi) + ", this agent has " +
                      std::to_string(AGENT_PLUGIN_ABI));
    if (plugin->size < offsetof(agent_plugin, verify) + sizeof(agent_step_function))
        return refuse("its table is shorter than that of plugin ABI " + std::to_string(AGENT_PLUGIN_ABI));
    if (plugin->name == nullptr || request.name != plugin->name || plugin->version == nullptr ||
        request.version != plugin->version)
        return refuse("the library is not the one that its manifest describes");
    if (plugin->probe == nullptr || plugin->dump == nullptr)
        return refuse("it has no probe or no dump");
    return plugin;
}

agent_step_function functionOf(const agent_plugin& plugin, const std::string& step) {
    struct Known {
        const char* name;
        agent_step_function function;
    };
    for (const auto& [name, function] : {Known{"validate", plugin.validate},
                                         {"probe", plugin.probe},
                                         {"dump", plugin.dump},
                                         {"after", plugin.after},
                                         {"cleanup", plugin.cleanup},
                                         {"restore", plugin.restore},
                                         {"verify", plugin.verify}})
        if (step == name)
            return function;
    return nullptr;
}

int call(const StepRequest& request, StepHost& host, int stream) {
    const auto* plugin = load(request, host);
    if (plugin == nullptr)
        return kFailed;
    const auto function = functionOf(*plugin, request.step);
    if (function == nullptr) {
        if (request.step == "restore" || request.step == "verify") {
            host.fail("The plugin " + request.name + " has no " + request.step, {});
            return kFailed;
        }
        return 0;
    }
    const auto settings = core::json::write(request.settings);
    const auto item = core::json::write(request.item);
    const auto options = core::json::write(request.options);
    agent_step step{};
    step.size = sizeof step;
    step.host = &host.table();
    step.settings = settings.c_str();
    step.item = item.c_str();
    step.options = options.c_str();
    step.outcome = request.outcome.c_str();
    step.work_folder = request.workFolder.c_str();
    step.state_folder = request.stateFolder.c_str();
    step.stream = stream;
    step.folder = request.folder.c_str();
    try {
        return function(&step);
    } catch (...) {
        host.fail("The plugin " + request.name + " threw an exception: " + core::describeCurrentException(),
                  "Report this to whoever makes the plugin");
        return kFailed;
    }
}
} // namespace

int stepMain(const char* requestFile) {
    ::umask(077);
    const auto request = readRequest(requestFile);
    if (!request)
        return kFailed;
    // What restic was given to reach its storage is not the plugin's.
    ::clearenv();
    for (const auto& [name, value] : request->environment)
        ::setenv(name.c_str(), value.c_str(), 1);
    const int stream = takeStream(*request);
    const int messages = ::open(request->messages.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (messages < 0)
        return kFailed;
    core::SystemProcessRunner runner;
    StepHost host(*request, runner, messages);
    const Watch watch(*request, host);
    limitMemory(*request);
    const int code = call(*request, host, stream);
    if (stream >= 0)
        ::close(stream);
    const bool ok = code == 0 && !host.failed() && !host.stopped();
    if (!ok && !host.failed())
        host.fail(host.stopped() ? "The step was ended before it was done"
                                 : "The plugin " + request->name + " failed and does not say why",
                  {});
    host.end(ok);
    // Without the destructors of the library, which could turn a good end into a crash.
    ::_exit(ok ? 0 : kFailed);
}

} // namespace agent
