#include "kinds/find.h"

#include <array>
#include <ctime>
#include <fstream>

#include <fmt/format.h>

#include "core/text.h"
#include "core/wire.h"
#include "restic/cli/json_message.h"
#include "restic/literal_pattern.h"
#include "restic/node_fields.h"
#include "restic/protocol/task_errors.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
namespace json = restic::cli::json;

/// So much more is read for the name of the snapshot that the last hits are of.
constexpr std::uint64_t kMostBehind = 64U << 20U;

/// As restic takes times: in the machine's own zone, by the second.
std::string localTime(core::Instant at) {
    const auto seconds =
        static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
    std::tm parts{};
    std::array<char, 64> text{};
    if (::localtime_r(&seconds, &parts) == nullptr)
        return "1970-01-01 00:00:00";
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts)};
}
} // namespace

Find::Find(protocol::FindTask task, const restic::cli::WorkContext& context)
    : task_(std::move(task)), items_(context.items),
      output_([this](std::string_view text) { hit(text); },
              [this](std::string_view text) { snapshot(text); }) {}

std::optional<protocol::TaskError> Find::problem() const {
    if (const auto problems = protocol::problemsOf(task_); !problems.empty())
        return task_errors::make(task_errors::kInvalidTask,
                                 problems.front().pointer.substr(1) + " " + problems.front().message);
    return std::nullopt;
}

std::vector<std::string> Find::arguments(int step) {
    if (step != 0)
        return {};
    items_.begin();
    output_ = FindOutput([this](std::string_view text) { hit(text); },
                         [this](std::string_view text) { snapshot(text); });
    read_.reset();
    waiting_.clear();
    hits_ = snapshots_ = readBehind_ = 0;
    truncated_ = false;
    std::vector<std::string> out{"find", "--json", "--no-lock"};
    if (task_.ignoreCase)
        out.emplace_back("--ignore-case");
    if (task_.host)
        out.push_back("--host=" + *task_.host);
    for (const auto& tag : task_.tags)
        out.push_back("--tag=" + tag);
    for (const auto& path : task_.paths)
        out.push_back("--path=" + path);
    for (const auto& id : task_.snapshotIds)
        out.push_back("--snapshot=" + id);
    if (task_.oldest)
        out.push_back("--oldest=" + localTime(*task_.oldest));
    if (task_.newest)
        out.push_back("--newest=" + localTime(*task_.newest));
    out.emplace_back("--");
    out.push_back(task_.glob ? task_.pattern : literalPattern(task_.pattern));
    return out;
}

void Find::looked(const std::filesystem::path& file, std::uint64_t offset) {
    if (!read_)
        read_ = offset;
    std::ifstream in(file, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(*read_));
    std::array<char, 64U << 10U> piece{};
    while (!hasEnough() && (in.read(piece.data(), piece.size()) || in.gcount() > 0)) {
        const auto count = static_cast<std::size_t>(in.gcount());
        *read_ += count;
        if (truncated_)
            readBehind_ += count;
        output_.take({piece.data(), count});
    }
}

void Find::document(int /*step*/, const std::filesystem::path& file, std::uint64_t offset) {
    looked(file, offset);
    deliver(task_.snapshotIds.size() == 1 ? std::optional(task_.snapshotIds.front()) : std::nullopt);
}

bool Find::hasEnough() const {
    return truncated_ && (waiting_.empty() || readBehind_ >= kMostBehind);
}

void Find::hit(std::string_view text) {
    if (truncated_)
        return;
    if (hits_ + waiting_.size() == protocol::kMostHits) {
        truncated_ = true;
        return;
    }
    const auto node = json::read(text);
    if (!node)
        return;
    protocol::FoundItem item;
    item.path = node->stringOr("path");
    item.pathBase64 = base64IfOdd(item.path);
    item.type = node->stringOr("type");
    item.size = sizeOfNode(*node);
    item.mode = textOfNode(*node, "permissions");
    item.mtime = core::parseInstant(node->stringOr("mtime"));
    item.linkTarget = textOfNode(*node, "linktarget");
    waiting_.push_back(std::move(item));
}

void Find::snapshot(std::string_view text) {
    const auto document = json::read(text);
    const auto id = document ? document->stringOr("snapshot") : std::string();
    deliver(id.size() == 64 ? std::optional(id) : std::nullopt);
}

void Find::deliver(const std::optional<std::string>& snapshotId) {
    if (!waiting_.empty())
        ++snapshots_;
    for (auto& item : waiting_) {
        item.snapshotId = snapshotId;
        if (items_.append(*core::wire::toJson(item).object()))
            ++hits_;
    }
    waiting_.clear();
}

std::optional<restic::cli::Verdict> Find::judge(int /*step*/, const core::ProcessExit& exit,
                                                const std::string& errors) {
    if (truncated_)
        return restic::cli::Verdict{protocol::TaskState::success, "success", std::nullopt};
    if (exit.known && exit.code == 1 && errors.find("syntax error in pattern") != std::string::npos)
        return restic::cli::Verdict{
            protocol::TaskState::failed, "failed",
            task_errors::make(task_errors::kInvalidTask,
                              "The pattern " + core::printable(task_.pattern) +
                                  " cannot be read: a bracket or a backslash in it has no end")};
    return std::nullopt;
}

core::json::Object Find::result(protocol::TaskResult common) {
    protocol::FindResult out;
    if (common.outcome == "success") {
        out.hits = hits_;
        out.snapshots = snapshots_;
        out.truncated = truncated_;
    }
    static_cast<protocol::TaskResult&>(out) = std::move(common);
    return *core::wire::toJson(out).object();
}

std::string Find::summary() const {
    return fmt::format("{}{} {} in {} {}", truncated_ ? "more than " : "", hits_, hits_ == 1 ? "hit" : "hits",
                       snapshots_, snapshots_ == 1 ? "snapshot" : "snapshots");
}

} // namespace agent
