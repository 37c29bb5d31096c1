#include "notes.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "connection.h"

namespace docker {
namespace {
namespace fs = std::filesystem;
using namespace std::chrono_literals;
constexpr const char* kExtension = ".note";

Failure cannotWrite(const std::string& file) {
    return Failure(file + " cannot be written: " + std::strerror(errno),
                   "Without a note on the disk nothing is stopped. Make room there");
}

void syncFolder(const std::string& file) {
    const Descriptor folder(::open(fs::path(file).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.fd() < 0 || ::fsync(folder.fd()) != 0)
        throw cannotWrite(file);
}
} // namespace

Note::Note(const Step& step, const std::string& name, Json content)
    : file_(step.stateFolder() + "/" + name + kExtension), content_(std::move(content)) {
    write();
}

void Note::set(const Json& fields) {
    content_.update(fields);
    write();
}

void Note::write() {
    const auto part = file_ + ".part"; // whole or not at all
    Descriptor file(::open(part.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.fd() < 0 || ::flock(file.fd(), LOCK_EX | LOCK_NB) != 0 ||
        !writeAll(file.fd(), content_.dump()) || ::fsync(file.fd()) != 0 ||
        ::rename(part.c_str(), file_.c_str()) != 0)
        throw cannotWrite(file_);
    own_ = std::move(file);
    syncFolder(file_);
}

void Note::remove() {
    ::unlink(file_.c_str());
}

std::vector<Note> notesLeft(const Step& step) {
    std::vector<Note> out;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(step.stateFolder(), code)) {
        if (entry.path().extension() != kExtension)
            continue;
        Descriptor file(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
        if (file.fd() < 0 || ::flock(file.fd(), LOCK_EX | LOCK_NB) != 0)
            continue; // removed meanwhile, or its step still runs
        std::ifstream in(entry.path());
        auto content = Json::parse(in, nullptr, false);
        if (content.is_object())
            out.push_back(Note(entry.path().string(), std::move(file), std::move(content)));
        else if (fs::exists(entry.path(), code))
            step.warn("The note " + entry.path().string() + " cannot be read");
    }
    return out;
}

Lock::Lock(const Step& step, Wait wait) {
    const auto path = step.stateFolder() + "/lock";
    file_ = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (file_.fd() < 0)
        throw cannotWrite(path);
    const auto until = std::chrono::steady_clock::now() + 2s;
    bool told = false;
    while (::flock(file_.fd(), LOCK_EX | LOCK_NB) != 0) {
        if (wait == Wait::briefly && std::chrono::steady_clock::now() > until)
            return;
        if (step.stopped())
            throw Failure("The step was ended before it was done");
        if (!told && wait == Wait::untilFree)
            step.info("Waiting for another dump that holds containers");
        told = true;
        std::this_thread::sleep_for(200ms);
        step.progress(0);
    }
    held_ = true;
}

std::string token() {
    unsigned char bytes[8];
    if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        throw Failure("This machine gives no random numbers");
    std::string out;
    for (const auto byte : bytes)
        for (const int shift : {4, 0})
            out += "0123456789abcdef"[byte >> shift & 15];
    return out;
}

} // namespace docker
