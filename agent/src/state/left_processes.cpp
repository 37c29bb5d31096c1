#include "state/left_processes.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "core/process.h"

namespace agent {
namespace {
using namespace std::chrono_literals;

constexpr auto kUntilKilled = 5s;
constexpr auto kUntilGivenUp = 10s;
constexpr auto kTick = 50ms;

struct Left {
    int pid = 0;
    std::uint64_t ticks = 0;

    [[nodiscard]] bool runs() const { return core::processStartTicks(pid) == ticks; }
};

/// Also of what is restored to a folder within it.
bool restoresInto(const std::filesystem::path& commandLine, const std::string& argument) {
    std::ifstream file(commandLine, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\0', at), text.size());
        const auto one = text.substr(at, end - at);
        if (one == argument || one.starts_with(argument + "/"))
            return true;
        at = end + 1;
    }
    return false;
}
} // namespace

void endRestoresInto(const std::filesystem::path& folder) {
    const auto argument = "--target=" + folder.string();
    std::vector<Left> left;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", code)) {
        const auto name = entry.path().filename().string();
        Left one;
        if (std::from_chars(name.data(), name.data() + name.size(), one.pid).ec != std::errc{} ||
            one.pid <= 1 || !restoresInto(entry.path() / "cmdline", argument))
            continue;
        if (const auto ticks = core::processStartTicks(one.pid)) {
            one.ticks = *ticks;
            left.push_back(one);
        }
    }
    for (const auto& one : left)
        ::kill(one.pid, SIGINT);
    const auto begin = std::chrono::steady_clock::now();
    bool killed = false;
    for (;;) {
        std::erase_if(left, [](const Left& one) { return !one.runs(); });
        const auto now = std::chrono::steady_clock::now();
        if (left.empty() || now - begin > kUntilGivenUp)
            return;
        if (!killed && now - begin > kUntilKilled) {
            killed = true;
            for (const auto& one : left)
                ::kill(one.pid, SIGKILL);
        }
        std::this_thread::sleep_for(kTick);
    }
}

} // namespace agent
