#include "restic/gone_snapshot.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "restic/protocol/task_errors.h"

namespace agent {
namespace task_errors = restic::protocol::task_errors;

namespace {
/// The hexadecimal digits that stand behind these words.
std::string idBehind(std::string_view text, std::string_view words) {
    auto at = text.find(words);
    if (at == std::string_view::npos)
        return {};
    at += words.size();
    auto end = at;
    while (end < text.size() && std::isxdigit(static_cast<unsigned char>(text[end])) != 0)
        ++end;
    return std::string(text.substr(at, end - at));
}
} // namespace

restic::protocol::TaskError snapshotIsGone(std::string_view snapshotId) {
    return task_errors::make(task_errors::kNotInSnapshot, "The snapshot " +
                                                              std::string(snapshotId.substr(0, 8)) +
                                                              " is no longer in the repository");
}

std::optional<restic::protocol::TaskError> whySnapshotIsGone(std::string_view errors) {
    if (const auto id = idBehind(errors, "no matching ID found for prefix \""); !id.empty())
        return snapshotIsGone(id);
    const auto id = idBehind(errors, "failed to load snapshot ");
    // As file systems and storages say that a file is not there.
    constexpr std::array<std::string_view, 6> kAbsent{"no such file", "does not exist", "not exist",
                                                      "not found",    "NoSuchKey",      "404"};
    if (!id.empty() && std::any_of(kAbsent.begin(), kAbsent.end(), [&](std::string_view words) {
            return errors.find(words) != std::string_view::npos;
        }))
        return snapshotIsGone(id);
    return std::nullopt;
}

} // namespace agent
