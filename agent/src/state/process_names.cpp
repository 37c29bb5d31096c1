#include "state/process_names.h"

#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdint>

#include "core/process.h"

namespace agent {

std::string nameOfThisProcess() {
    static std::atomic<std::uint64_t> next{0};
    const int pid = ::getpid();
    return std::to_string(pid) + "." + std::to_string(core::processStartTicks(pid).value_or(0)) + "." +
           std::to_string(++next);
}

bool makerLives(const std::string& name) {
    int pid = 0;
    std::uint64_t ticks = 0;
    const auto* end = name.data() + name.size();
    const auto first = std::from_chars(name.data(), end, pid);
    if (first.ec != std::errc{} || first.ptr == end)
        return false;
    std::from_chars(first.ptr + 1, end, ticks);
    return core::processStartTicks(pid) == ticks;
}

} // namespace agent
