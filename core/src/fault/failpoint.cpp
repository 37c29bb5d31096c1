#include "fault/failpoint.h"

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <unistd.h>

namespace core::fault {

namespace {

struct Plan {
    bool trace = false;
    std::string place; // "STAGE SUBJECT"
    int left = 0;      // reaches until the end
};

/// What cannot be read ends the process: a test that believes it kills something must not pass.
Plan readPlan() {
    const char* given = std::getenv("AE_FAILPOINT");
    if (given == nullptr || *given == '\0')
        return {};
    const std::string_view text(given);
    if (text == "trace")
        return {true, {}, 0};
    constexpr std::string_view kKill = "=kill:";
    if (const auto at = text.rfind(kKill); at != std::string_view::npos) {
        Plan plan{false, std::string(text.substr(0, at)), 0};
        const auto number = text.substr(at + kKill.size());
        const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), plan.left);
        if (error == std::errc() && end == number.data() + number.size() && plan.left > 0)
            return plan;
    }
    std::fprintf(stderr, "AE_FAILPOINT: \"%s\" is neither trace nor \"STAGE SUBJECT=kill:N\".\n", given);
    std::_Exit(2);
}

const Plan& plan() {
    static const Plan kPlan = readPlan();
    return kPlan;
}

} // namespace

namespace detail {

const bool armed = plan().trace || plan().left > 0;

void reached(std::string_view stage, std::string_view subject) noexcept {
    static std::atomic<int> left{plan().left};
    char line[256];
    const int length =
        std::snprintf(line, sizeof line, "failpoint: %.*s %.*s\n", static_cast<int>(stage.size()),
                      stage.data(), static_cast<int>(subject.size()), subject.data());
    if (length <= 0 || length >= static_cast<int>(sizeof line))
        return;
    if (plan().trace) {
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line, static_cast<std::size_t>(length));
        return;
    }
    constexpr std::size_t kPrefix = sizeof "failpoint: " - 1;
    const std::string_view place(line + kPrefix, static_cast<std::size_t>(length) - kPrefix - 1);
    if (place == plan().place && --left == 0)
        ::kill(::getpid(), SIGKILL);
}

} // namespace detail
} // namespace core::fault
