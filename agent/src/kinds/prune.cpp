#include "kinds/prune.h"

#include <charconv>

#include <fmt/format.h>

#include "core/text.h"
#include "core/wire.h"
#include "kinds/forget.h"
#include "restic/retention.h"

namespace agent {
namespace {
/// "7 blobs / 2.862 MiB" of a line that begins with `name`.
struct Amount {
    std::uint64_t blobs = 0;
    std::uint64_t bytes = 0;
};

std::optional<Amount> amountOf(std::string_view line, std::string_view name) {
    if (!line.starts_with(name))
        return std::nullopt;
    line.remove_prefix(name.size());
    const auto skip = [&] { line.remove_prefix(std::min(line.find_first_not_of(' '), line.size())); };
    Amount amount;
    skip();
    auto parsed = std::from_chars(line.data(), line.data() + line.size(), amount.blobs);
    const auto slash = line.find('/');
    if (parsed.ec != std::errc{} || slash == std::string_view::npos)
        return std::nullopt;
    line.remove_prefix(slash + 1);
    skip();
    double size = 0;
    const auto [end, code] = std::from_chars(line.data(), line.data() + line.size(), size);
    if (code != std::errc{} || size < 0)
        return std::nullopt;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    skip();
    constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double factor = 1;
    for (const auto unit : kUnits) {
        if (line == unit) {
            amount.bytes = static_cast<std::uint64_t>(size * factor);
            return amount;
        }
        factor *= 1024;
    }
    return std::nullopt;
}
} // namespace

bool Prune::forgets(int step) const {
    return step == 0 && keepsSomething(task_.retention);
}

std::vector<std::string> Prune::arguments(int step) {
    step_ = step;
    if (forgets(step))
        return forgetArguments(task_, task_, task_, context_.hostname);
    const int last = keepsSomething(task_.retention) ? 1 : 0;
    return step == last ? std::vector<std::string>{"prune"} : std::vector<std::string>();
}

void Prune::text(std::string_view line) {
    if (const auto total = amountOf(line, "total prune:")) {
        result_.bytesReclaimed = total->bytes;
        result_.blobsRemoved = total->blobs;
    } else if (const auto remaining = amountOf(line, "remaining:")) {
        result_.bytesRemaining = remaining->bytes;
    }
}

void Prune::errorText(std::string_view line) {
    if (forgets(step_))
        forgotten_.errorText(line);
}

void Prune::document(int step, const std::filesystem::path& file, std::uint64_t offset) {
    if (forgets(step))
        forgotten_.read(file, offset);
}

bool Prune::complete(int step) const {
    return forgets(step) ? forgotten_.complete() : result_.bytesRemaining.has_value();
}

std::optional<restic::cli::Verdict> Prune::judge(int step, const core::ProcessExit& exit,
                                                 const std::string&) {
    return forgets(step) ? judgeForget(forgotten_, exit) : std::nullopt;
}

core::json::Object Prune::result(restic::protocol::TaskResult common) {
    if (keepsSomething(task_.retention))
        forgotten_.fill(result_);
    static_cast<restic::protocol::TaskResult&>(result_) = std::move(common);
    return *core::wire::toJson(result_).object();
}

std::string Prune::summary() const {
    auto sentence = fmt::format("{} freed, {} left", core::formatBytes(result_.bytesReclaimed.value_or(0)),
                                core::formatBytes(result_.bytesRemaining.value_or(0)));
    if (!keepsSomething(task_.retention))
        return sentence;
    restic::protocol::ForgetResult forgotten;
    forgotten_.fill(forgotten);
    return sentenceOf(forgotten) + "; " + sentence;
}

} // namespace agent
