#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/process.h"
#include "core/testing/temp_dir.h"

namespace test {

/// A MariaDB server of the tests' own, in a temporary folder; it ends with this object.
class MysqlServer {
public:
    /// `root`: where its programs are installed, which say the version.
    explicit MysqlServer(const std::vector<std::string>& options = {}, const std::string& root = kInstalled);
    ~MysqlServer();
    MysqlServer(const MysqlServer&) = delete;
    MysqlServer& operator=(const MysqlServer&) = delete;

    /// The one that all tests of this executable use.
    static MysqlServer& shared();

    /// Executes statements as root; what they answer, fields parted by tabs. Throws if one is refused.
    std::string sql(const std::string& statements, const std::string& database = {});
    /// A client that executes statements while the test goes on.
    std::unique_ptr<core::Process> background(const std::string& statements, const std::string& database);
    /// Ends whatever sessions of root do with that database.
    void endSessionsIn(const std::string& database);

    /// Settings of the plugin: root by the socket.
    [[nodiscard]] core::json::Object settings() const;
    /// Settings of another account, by TCP or by the socket.
    [[nodiscard]] core::json::Object settings(const std::string& user, const std::string& password,
                                              bool tcp = false) const;
    [[nodiscard]] int port() const noexcept { return port_; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
    void kill();

    static constexpr const char* kInstalled = "/usr";

private:
    [[nodiscard]] core::ProcessSpec client(const std::string& database) const;

    core::testkit::TempDir folder_;
    core::SystemProcessRunner runner_;
    std::string socket_;
    int port_ = 0;
    std::unique_ptr<core::Process> process_;
};

/// Everything that can be told of a database: structures of all kinds, and a digest of each row.
std::string describeDatabase(MysqlServer& server, const std::string& database);

/// A database with all that is awkward to dump, made anew.
void makeAwkwardDatabase(MysqlServer& server, const std::string& database);

/// `name` in backticks.
std::string quotedName(const std::string& name);

/// Processes whose command line holds all of the texts.
std::vector<int> processesWith(const std::vector<std::string>& texts);

/// Those of them that this process started, by whatever steps between: others run the same tests beside it.
std::vector<int> ownProcessesWith(const std::vector<std::string>& texts);

/// Waits until the condition holds; false after half a minute.
bool eventually(const std::function<bool()>& condition);

std::string readText(const std::filesystem::path& file);
void writeText(const std::filesystem::path& file, const std::string& text);

} // namespace test
