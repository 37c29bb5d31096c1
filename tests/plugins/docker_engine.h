#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/process.h"
#include "core/testing/temp_dir.h"

namespace test {

/// A Docker engine of the tests' own, with its own folders and socket and one small image; it ends with this
/// object, and all of its containers with it.
class DockerEngine {
public:
    /// `hidden`: its files are where only it sees them, as those of an engine in a virtual machine.
    explicit DockerEngine(bool hidden = false);
    ~DockerEngine();
    DockerEngine(const DockerEngine&) = delete;
    DockerEngine& operator=(const DockerEngine&) = delete;

    /// The one that all tests of this executable use.
    static DockerEngine& shared();

    /// The client program; what it prints, without the last line's end. Throws if it fails.
    std::string docker(const std::vector<std::string>& arguments, const std::string& input = {});
    /// Starts a container that does nothing until it is told to end.
    void start(const std::string& name, const std::vector<std::string>& options = {});
    /// A shell's commands in a container.
    std::string in(const std::string& container, const std::string& commands);
    /// "running", "paused", "exited"; "gone" if there is no such container.
    std::string state(const std::string& container);
    /// Changes with each start.
    std::string startedAt(const std::string& container);
    std::filesystem::path mountpoint(const std::string& volume);
    std::string volumes();
    /// All containers and volumes.
    void removeAll();

    /// Settings of the plugin, with these beside the socket.
    [[nodiscard]] core::json::Object settings(core::json::Object more = {}) const;
    [[nodiscard]] const std::string& socket() const noexcept { return socket_; }

    /// The image's name.
    static constexpr const char* kImage = "tiny:1";

private:
    void makeImage();
    core::ProcessResult client(const std::vector<std::string>& arguments, const std::string& input);

    core::testkit::TempDir folder_;
    core::SystemProcessRunner runner_;
    std::string socket_;
    std::unique_ptr<core::Process> process_;
};

/// Waits until the condition holds; false after half a minute.
bool eventually(const std::function<bool()>& condition);

std::string readText(const std::filesystem::path& file);
void writeText(const std::filesystem::path& file, const std::string& text);

/// Processes whose command line holds all of the texts.
std::vector<int> processesWith(const std::vector<std::string>& texts);

} // namespace test
