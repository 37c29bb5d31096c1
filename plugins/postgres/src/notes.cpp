#include "notes.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "streams.h"

namespace postgres {
namespace {
using agent::plugin::Failure;
using agent::plugin::Json;
using agent::plugin::Step;
namespace fs = std::filesystem;
constexpr const char* kExtension = ".note";
} // namespace

unsigned long long startOf(long pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    std::ostringstream text;
    text << in.rdbuf();
    const auto line = text.str();
    const auto name = line.rfind(')'); // the program's name may hold anything
    if (name == std::string::npos)
        return 0;
    std::istringstream fields(line.substr(name + 1));
    std::string field;
    for (int i = 3; i <= 22; ++i)
        fields >> field;
    return std::strtoull(field.c_str(), nullptr, 10);
}

Note::Note(const Step& step, const std::string& name, Json content)
    : file_(step.stateFolder() + "/" + name + kExtension) {
    content["pid"] = ::getpid();
    content["start"] = startOf(::getpid());
    // Whole or not at all.
    const auto part = file_ + ".part";
    Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.fd() < 0 || !writeAll(file.fd(), content.dump()) || ::fsync(file.fd()) != 0 ||
        ::rename(part.c_str(), file_.c_str()) != 0)
        throw Failure("The plugin's folder " + step.stateFolder() +
                      " cannot be written to: " + std::strerror(errno));
}

Note::~Note() {
    if (!kept_)
        ::unlink(file_.c_str());
}

void forNotesLeftBehind(const Step& step, const std::function<bool(const Json&)>& remove) {
    std::error_code code;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(step.stateFolder(), code))
        if (entry.path().extension() == kExtension)
            files.push_back(entry.path());
    for (const auto& file : files) {
        std::ifstream in(file);
        const auto note = Json::parse(in, nullptr, false);
        const bool readable = note.is_object() && note.contains("pid") && note.contains("start");
        if (readable && startOf(note["pid"].get<long>()) == note["start"].get<unsigned long long>())
            continue; // its step still runs
        if (!readable || remove(note))
            ::unlink(file.c_str());
    }
}

} // namespace postgres
