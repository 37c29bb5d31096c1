#include <fmt/format.h>

#include "core/line_splitter.h"
#include "polling/snapshot_names.h"
#include "restic/protocol/repository_kinds.h"

namespace restic::names {
namespace {
/// Further ones are not kept: restic counts them then.
constexpr std::size_t kMostNames = 200'000;

/// The folder on the server; empty where its name cannot be said to sftp.
std::string folderOf(const cli::RepositoryAccess& repository) {
    const auto place = protocol::repositories::sftp().place(repository.url);
    const auto server = protocol::repositories::serverAddressOf(place);
    if (!server || server->path.empty())
        return {};
    auto path = server->path.substr(1); // behind the "/" that ends the server's name
    if (path.empty() || path.find_first_of("\"\\*?[]\n") != std::string::npos)
        return {};
    return path;
}
} // namespace

std::optional<RepositoryNames> ofSftpServer(const NameListing& listing) {
    const auto folder = folderOf(listing.repository);
    if (folder.empty())
        return std::nullopt;
    const core::SecretFile batch(fmt::format("ls -1 \"{0}/snapshots\"\nls -1 \"{0}/locks\"\n", folder));
    auto command = listing.commands.sftp(listing.repository);
    if (!command)
        return std::nullopt;
    command->spec.standardInput = core::ProcessInput::fromDescriptor(batch.fd());
    command->spec.timeout = listing.timeout;
    RepositoryNames found;
    std::vector<std::string>* names = nullptr;
    const auto read = [&](std::string_view line) {
        if (line.starts_with("sftp> ls")) // what it does next
            names = line.ends_with("/locks\"") ? &found.locks : &found.snapshots;
        else if (names != nullptr && names->size() < kMostNames)
            names->emplace_back(line.substr(line.rfind('/') + 1)); // npos + 1 is 0
    };
    core::LineSplitter lines;
    command->spec.standardOutput =
        core::ProcessOutput::toSink([&](std::string_view piece) { lines.feed(piece, read); });
    const auto ended = listing.processes.run(command->spec, listing.stop);
    lines.finish(read);
    if (!ended || !ended.value().exit.ok() || found.snapshots.size() >= kMostNames ||
        found.locks.size() >= kMostNames)
        return std::nullopt;
    return RepositoryNames{whole(std::move(found.snapshots)), whole(std::move(found.locks))};
}

} // namespace restic::names
