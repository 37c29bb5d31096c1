#include "kinds/verify_sample.h"

#include <algorithm>

#include "core/encoding.h"
#include "restic/cli/json_message.h"
#include "restic/protocol/restore_task.h"

namespace agent {
namespace {
constexpr std::uint64_t kMayRead = 0400;
constexpr std::uint64_t kMayEnter = 0500;
constexpr int kPercent = 100;

/// restic writes so what is no UTF-8 in a name.
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

std::optional<ListedFile::Type> typeOf(std::string_view type) {
    if (type == "file")
        return ListedFile::Type::file;
    if (type == "symlink")
        return ListedFile::Type::link;
    if (type == "fifo")
        return ListedFile::Type::pipe;
    return std::nullopt;
}
} // namespace

std::uint64_t VerifySample::rankOf(const std::string& path) const {
    const auto hash = core::sha256(core::joinWithLengths({taskId_, path}));
    std::uint64_t rank = 0;
    for (std::size_t i = 0; i < sizeof rank; ++i)
        rank = rank << 8U | static_cast<unsigned char>(hash[i]);
    return rank;
}

bool VerifySample::isClosed(const std::string& path, std::string_view type, std::uint64_t mode) {
    if (!closed_.empty() && path.starts_with(closed_))
        return true;
    if (type != "dir")
        return type == "file" && (mode & kMayRead) == 0;
    closed_ = (mode & kMayEnter) == kMayEnter ? std::string() : path + "/";
    return false;
}

void VerifySample::add(const core::json::Value& node) {
    const auto path = node.stringOr("path");
    const auto type = node.stringOr("type");
    // restic leaves out what is zero.
    const auto mode = restic::cli::json::count(node, "mode").value_or(0);
    const bool closed = !asRoot_ && isClosed(path, type, mode);
    if (type == "dir" || path.empty())
        return;
    ListedFile file{path, ListedFile::Type::file, restic::cli::json::count(node, "size").value_or(0), {}};
    ++files_;
    bytes_ += file.size;
    const auto known = typeOf(type);
    if (!known || closed || path.find(kReplacement) != std::string::npos ||
        restic::protocol::checkRestorePath(path))
        return;
    ++usable_;
    file.type = *known;
    if (*known != ListedFile::Type::file)
        file.size = 0;
    Ranked one{rankOf(path), {}};
    if (kept_.size() >= mostFiles_ && !(one < kept_.front()))
        return;
    file.modified = core::parseInstant(node.stringOr("mtime"));
    one.file = std::move(file);
    if (kept_.size() >= mostFiles_) {
        std::pop_heap(kept_.begin(), kept_.end());
        kept_.pop_back();
    }
    kept_.push_back(std::move(one));
    std::push_heap(kept_.begin(), kept_.end());
}

std::optional<std::uint64_t> VerifySample::smallest() const {
    const auto found = std::min_element(kept_.begin(), kept_.end(), [](const Ranked& a, const Ranked& b) {
        return a.file.size < b.file.size;
    });
    return found == kept_.end() ? std::nullopt : std::optional(found->file.size);
}

VerifySample::Choice VerifySample::choose(int sharePercent, std::uint64_t mostBytes) const {
    Choice choice;
    auto ranked = kept_;
    std::sort(ranked.begin(), ranked.end());
    const auto share = static_cast<std::uint64_t>(sharePercent);
    const auto wanted = std::max<std::uint64_t>(1, (files_ * share + kPercent - 1) / kPercent);
    for (auto& one : ranked) {
        if (choice.files.size() >= wanted)
            break;
        if (one.file.size > mostBytes - choice.bytes)
            continue; // a smaller one may fit
        choice.bytes += one.file.size;
        choice.files.push_back(std::move(one.file));
    }
    std::sort(choice.files.begin(), choice.files.end(),
              [](const ListedFile& a, const ListedFile& b) { return a.path < b.path; });
    choice.all = !choice.files.empty() && choice.files.size() == files_;
    return choice;
}

std::vector<std::vector<ListedFile>> batchesOf(std::vector<ListedFile> files) {
    std::vector<std::vector<ListedFile>> batches;
    std::size_t bytes = 0;
    for (auto& file : files) {
        if (batches.empty() || batches.back().size() == restic::protocol::kMostRestorePaths ||
            bytes + file.path.size() > restic::protocol::kMostRestorePathBytes) {
            batches.emplace_back();
            bytes = 0;
        }
        bytes += file.path.size();
        batches.back().push_back(std::move(file));
    }
    return batches;
}

} // namespace agent
