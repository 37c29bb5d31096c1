#include "kinds/verify_compare.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <unordered_map>

#include <fmt/format.h>

#include "core/encoding.h"
#include "core/text.h"

namespace agent {
namespace {
namespace fs = std::filesystem;

constexpr std::size_t kPiece = 1U << 18U;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const noexcept { return fd_; }

private:
    int fd_;
};

/// For reading, and not as somebody who used it.
int openToCompare(const std::string& path) {
    constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    const int fd = ::open(path.c_str(), kFlags | O_NOATIME);
    return fd >= 0 || errno != EPERM ? fd : ::open(path.c_str(), kFlags); // another user's
}

/// Fills the piece as far as the file goes; -1: it cannot be read.
ssize_t readPiece(int fd, char* to, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
        const auto got = ::read(fd, to + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += static_cast<std::size_t>(got);
    }
    return static_cast<ssize_t>(done);
}

const char* nameOf(ListedFile::Type type) {
    return type == ListedFile::Type::file ? "file" : type == ListedFile::Type::link ? "link" : "pipe";
}

bool isOf(ListedFile::Type type, mode_t mode) {
    return type == ListedFile::Type::file   ? S_ISREG(mode)
           : type == ListedFile::Type::link ? S_ISLNK(mode)
                                            : S_ISFIFO(mode);
}

/// restic's listing has times in microseconds here.
core::Instant modifiedOf(const struct stat& found) {
    constexpr long kNanosOfMicro = 1000;
    return core::fromMicros(std::int64_t{found.st_mtim.tv_sec} * 1'000'000 +
                            found.st_mtim.tv_nsec / kNanosOfMicro);
}

enum class Source { same, differs, changed, unknown, restoredUnreadable };

bool isUnchanged(const ListedFile& file, const struct stat& found) {
    return isOf(file.type, found.st_mode) && file.modified == modifiedOf(found) &&
           (file.type != ListedFile::Type::file || static_cast<std::uint64_t>(found.st_size) == file.size);
}

Source compareBytes(const std::string& source, const std::string& restored, const std::atomic<bool>& giveUp) {
    const Descriptor ours(openToCompare(source));
    if (ours.get() < 0)
        return Source::unknown;
    const Descriptor theirs(openToCompare(restored));
    if (theirs.get() < 0)
        return Source::restoredUnreadable;
    const auto a = std::make_unique<std::array<char, kPiece>>();
    const auto b = std::make_unique<std::array<char, kPiece>>();
    while (!giveUp) {
        const auto ofSource = readPiece(ours.get(), a->data(), kPiece);
        const auto ofRestored = readPiece(theirs.get(), b->data(), kPiece);
        if (ofRestored < 0)
            return Source::restoredUnreadable;
        if (ofSource < 0)
            return Source::unknown;
        if (ofSource != ofRestored ||
            std::memcmp(a->data(), b->data(), static_cast<std::size_t>(ofSource)) != 0)
            return Source::differs;
        if (ofSource == 0)
            return Source::same;
    }
    return Source::unknown;
}

Source compareWithSource(const ListedFile& file, const std::string& restored,
                         const std::atomic<bool>& giveUp) {
    struct stat found {};
    if (::lstat(file.path.c_str(), &found) != 0)
        return errno == ENOENT || errno == ENOTDIR ? Source::changed : Source::unknown;
    if (!file.modified)
        return Source::unknown;
    if (!isUnchanged(file, found))
        return Source::changed;
    Source said = Source::same;
    std::error_code code;
    if (file.type == ListedFile::Type::link)
        said = fs::read_symlink(file.path, code) == fs::read_symlink(restored, code) ? Source::same
                                                                                     : Source::differs;
    else if (file.type == ListedFile::Type::file)
        said = compareBytes(file.path, restored, giveUp);
    // It may have been written while it was read.
    if (said == Source::differs && (::lstat(file.path.c_str(), &found) != 0 || !isUnchanged(file, found)))
        return Source::changed;
    return said;
}

class Comparison {
public:
    Comparison(const fs::path& place, const std::vector<ListedFile>& wanted, bool sourceIsHere,
               const std::atomic<bool>& giveUp)
        : place_(place), wanted_(wanted), sourceIsHere_(sourceIsHere), giveUp_(giveUp) {
        for (std::size_t i = 0; i < wanted_.size(); ++i)
            byPath_.emplace(wanted_[i].path, i);
        seen_.resize(wanted_.size());
    }

    Compared run() {
        std::error_code code;
        // What is missing behind a closed folder is told as missing.
        auto entry =
            fs::recursive_directory_iterator(place_, fs::directory_options::skip_permission_denied, code);
        for (const auto end = fs::recursive_directory_iterator(); !code && entry != end && !giveUp_;
             entry.increment(code))
            look(entry->path());
        if (code && code != std::errc::no_such_file_or_directory)
            out_.problem("", "What was restored cannot be looked at: " + code.message());
        for (std::size_t i = 0; i < wanted_.size() && !giveUp_; ++i)
            if (!seen_[i])
                out_.problem(wanted_[i].path, "was not restored");
        return std::move(out_);
    }

private:
    void look(const fs::path& at) {
        struct stat found {};
        const auto path = at.string().substr(place_.string().size());
        if (::lstat(at.c_str(), &found) != 0) {
            out_.problem(path, std::string("cannot be looked at: ") + std::strerror(errno));
            return;
        }
        const auto known = byPath_.find(path);
        if (known == byPath_.end()) {
            // A folder on the way; or of a name that nobody can tell in restic's listing.
            if (!S_ISDIR(found.st_mode) && core::toUtf8(path).find(kReplacement) == std::string::npos)
                out_.problem(path, "was restored and is not in the snapshot's listing");
            return;
        }
        seen_[known->second] = true;
        judge(wanted_[known->second], at.string(), found);
    }

    void judge(const ListedFile& file, const std::string& at, const struct stat& found) {
        if (!isOf(file.type, found.st_mode)) {
            out_.problem(file.path, std::string("is no ") + nameOf(file.type) + " any more");
            return;
        }
        if (file.type == ListedFile::Type::file && static_cast<std::uint64_t>(found.st_size) != file.size) {
            out_.problem(file.path, fmt::format("has {} bytes; the snapshot says {}",
                                                static_cast<std::uint64_t>(found.st_size), file.size));
            return;
        }
        ++out_.files;
        out_.bytes += file.size;
        switch (sourceIsHere_ ? compareWithSource(file, at, giveUp_) : Source::unknown) {
        case Source::same:
            ++out_.withSource;
            break;
        case Source::changed:
            ++out_.changedSince;
            break;
        case Source::unknown:
            ++out_.notCompared;
            break;
        case Source::differs:
            ++out_.differing;
            if (out_.differingNames.size() < Compared::kMostNames)
                out_.differingNames.push_back(core::printable(file.path));
            break;
        case Source::restoredUnreadable:
            out_.problem(file.path, "was restored and cannot be read back");
            break;
        }
    }

    const fs::path& place_;
    const std::vector<ListedFile>& wanted_;
    bool sourceIsHere_;
    const std::atomic<bool>& giveUp_;
    std::unordered_map<std::string_view, std::size_t> byPath_;
    std::vector<bool> seen_;
    Compared out_;
};
} // namespace

void Compared::problem(const std::string& path, std::string message) {
    ++problemCount;
    if (problems.size() < restic::protocol::VerifyResult::kMostProblems)
        problems.push_back({core::printable(path), std::move(message)});
}

void Compared::add(const Compared& other) {
    files += other.files;
    bytes += other.bytes;
    withSource += other.withSource;
    changedSince += other.changedSince;
    notCompared += other.notCompared;
    differing += other.differing;
    for (const auto& name : other.differingNames)
        if (differingNames.size() < kMostNames)
            differingNames.push_back(name);
    problemCount += other.problemCount;
    for (const auto& one : other.problems)
        if (problems.size() < restic::protocol::VerifyResult::kMostProblems)
            problems.push_back(one);
}

Compared compareRestored(const fs::path& place, const std::vector<ListedFile>& wanted, bool sourceIsHere,
                         const std::atomic<bool>& giveUp) {
    return Comparison(place, wanted, sourceIsHere, giveUp).run();
}

} // namespace agent
