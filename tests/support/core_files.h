#pragma once

#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace test {

/// While it lives, processes that this one starts may leave files of their memory when they crash, unless
/// they or who started them forbid it.
class CoreFiles {
public:
    CoreFiles() {
        ::getrlimit(RLIMIT_CORE, &before_);
        const rlimit most{before_.rlim_max, before_.rlim_max};
        ::setrlimit(RLIMIT_CORE, &most);
    }
    ~CoreFiles() { ::setrlimit(RLIMIT_CORE, &before_); }
    CoreFiles(const CoreFiles&) = delete;
    CoreFiles& operator=(const CoreFiles&) = delete;

    /// Whether a process that nobody keeps from it leaves such a file where it stands; on some machines the
    /// kernel gives them to a program instead.
    [[nodiscard]] bool areMadeHere() const {
        std::string pattern;
        std::getline(std::ifstream("/proc/sys/kernel/core_pattern"), pattern);
        return before_.rlim_max > 0 && pattern.starts_with("core");
    }
    /// Ends the process as a crash does, and gives the files that this left.
    static std::vector<std::filesystem::path> ofCrash(int pid, int signal) {
        const auto process = "/proc/" + std::to_string(pid);
        std::error_code gone;
        const auto folder = std::filesystem::read_symlink(process + "/cwd", gone);
        const auto before = in(folder);
        ::kill(pid, signal);
        for (int i = 0; i < 1000 && runs(process); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        std::vector<std::filesystem::path> out;
        for (const auto& [file, written] : in(folder))
            if (const auto found = before.find(file); found == before.end() || found->second != written)
                out.push_back(file);
        return out;
    }
    /// What the process itself is allowed: "0 0" is nothing, and that it cannot change.
    static std::string limitOf(int pid) {
        std::ifstream in("/proc/" + std::to_string(pid) + "/limits");
        for (std::string line; std::getline(in, line);)
            if (line.starts_with("Max core file size"))
                return line.substr(18, line.rfind("bytes") - 18);
        return {};
    }

private:
    using Files = std::map<std::filesystem::path, std::filesystem::file_time_type>;
    static Files in(const std::filesystem::path& folder) {
        Files out;
        std::error_code gone;
        for (const auto& entry : std::filesystem::directory_iterator(folder, gone))
            if (entry.path().filename().string().starts_with("core") && entry.is_regular_file(gone))
                out[entry.path()] = entry.last_write_time(gone);
        return out;
    }
    /// Not while the kernel still writes what it leaves.
    static bool runs(const std::string& process) {
        std::ostringstream content; // it may end meanwhile, which throws where iterators read
        content << std::ifstream(process + "/stat").rdbuf();
        const auto text = content.str();
        const auto name = text.rfind(") ");
        return name != std::string::npos && text[name + 2] != 'Z';
    }

    rlimit before_{};
};

} // namespace test
