#include "vault/keys.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/encoding.h"
#include "core/error.h"
#include "core/random.h"

namespace base {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kKeyBytes = 32;

[[noreturn]] void fail(const fs::path& file, const char* what) {
    throw core::Error(core::errors::kUnavailable,
                      fmt::format("{} cannot be {}: {}", file.string(), what, std::strerror(errno)));
}

/// A complete, durable file of a name that nobody else uses.
fs::path writeDraft(const fs::path& beside, const std::string& text) {
    fs::path draft = beside.string() + "." + core::randomToken(9);
    const int fd = ::open(draft.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        fail(draft, "written");
    const bool ok =
        ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
    ::close(fd);
    if (!ok) {
        ::unlink(draft.c_str());
        fail(draft, "written");
    }
    return draft;
}

void syncFolder(const fs::path& folder) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        ::fsync(fd);
        ::close(fd);
    }
}

std::string readKey(const fs::path& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0)
        fail(file, "read");
    if ((info.st_mode & 077) != 0)
        throw core::Error(
            core::errors::kUnavailable,
            fmt::format("{} can be read by other users: run chmod 600 {}", file.string(), file.string()));
    std::ifstream in(file);
    std::string text;
    in >> text;
    const auto bytes = core::base64Decode(text);
    if (!in || !bytes || bytes->size() != kKeyBytes)
        throw core::Error(core::errors::kUnavailable,
                          fmt::format("{} holds no key: put the file back from its backup", file.string()));
    return *bytes;
}

} // namespace

std::string parseEncryptionKey(const std::string& text) {
    if (const auto bytes = core::hexDecode(text); bytes && bytes->size() == kKeyBytes)
        return *bytes;
    if (const auto bytes = core::base64Decode(text); bytes && bytes->size() == kKeyBytes)
        return *bytes;
    throw core::Error(
        core::errors::kValidation,
        "BACKUP_ENCRYPTION_KEY must be 32 bytes as base64 or hex, for example from: openssl rand -base64 32");
}

std::optional<std::string> findKey(const fs::path& folder, const std::string& name) {
    const fs::path file = folder / name;
    return fs::exists(file) ? std::optional(readKey(file)) : std::nullopt;
}

Key keepKey(const fs::path& folder, const std::string& name) {
    const fs::path file = folder / name;
    if (auto found = findKey(folder, name))
        return {std::move(*found), false, file};
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        fail(folder, "created");
    const fs::path draft = writeDraft(file, core::randomToken(kKeyBytes) + "\n");
    // link() fails if somebody was faster, and then theirs counts.
    const bool made = ::link(draft.c_str(), file.c_str()) == 0;
    if (!made && errno != EEXIST) {
        ::unlink(draft.c_str());
        fail(file, "written");
    }
    ::unlink(draft.c_str());
    syncFolder(folder);
    return {readKey(file), made, file};
}

std::string makeKey() {
    return core::base64Decode(core::randomToken(kKeyBytes)).value();
}

void writeKey(const fs::path& file, const std::string& key) {
    const fs::path draft = writeDraft(file, core::base64UrlEncode(key) + "\n");
    const bool ok = ::link(draft.c_str(), file.c_str()) == 0;
    ::unlink(draft.c_str());
    if (!ok)
        fail(file, "written");
    syncFolder(file.parent_path());
}

void linkPrivateFile(const fs::path& file, const fs::path& name) {
    if (::link(file.c_str(), name.c_str()) != 0 && errno != EEXIST)
        fail(name, "written");
    syncFolder(name.parent_path());
}

void movePrivateFile(const fs::path& from, const fs::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0)
        fail(to, "written");
    syncFolder(to.parent_path());
}

void writePrivateFile(const fs::path& file, const std::string& text) {
    const fs::path draft = writeDraft(file, text);
    try {
        movePrivateFile(draft, file);
    } catch (...) {
        ::unlink(draft.c_str());
        throw;
    }
}

} // namespace base
