#include "kinds/source_notices.h"

#include "restic/cli/json_message.h"
#include "restic/protocol/notices.h"

#include "core/text.h"

namespace agent {
namespace {
namespace notices = restic::protocol::notices;
using core::printable;
using restic::protocol::TaskNotice;

TaskNotice make(const notices::Kind& kind, std::string message) {
    return {std::string(kind.code), std::move(message)};
}
} // namespace

std::string withoutTrailingSlash(std::string path) {
    while (path.size() > 1 && (path.ends_with('/') || path.ends_with("/.")))
        path.pop_back();
    return path;
}

std::vector<TaskNotice> noticesAbout(const std::vector<std::pair<std::string, PathLook>>& sources,
                                     std::optional<std::uint64_t> files, bool excludes) {
    std::vector<TaskNotice> out;
    bool substance = false;
    for (const auto& [path, look] : sources) {
        if (look.link)
            out.push_back(
                make(notices::kSourceIsLink,
                     "The source " + printable(path) + " is a link to " + printable(*look.link) +
                         "; only the link is saved, and nothing of what it points to. Name that path "
                         "itself"));
        else if (look.emptyFolder())
            out.push_back(make(notices::kSourceEmpty, "The source " + printable(path) +
                                                          " is an empty folder; is its disk mounted?"));
        else if (look.error == 0)
            substance = true;
    }
    if (files != 0U)
        return out;
    if (substance && excludes)
        out.push_back(make(notices::kEverythingExcluded,
                           "No file was saved: the exclude patterns may leave out everything"));
    else
        out.push_back(make(notices::kNothingSaved, "No file was saved"));
    return out;
}

} // namespace agent
