#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/process.h"
#include "support/certificates.h"

/// Real servers that repositories are kept on. Each has a folder, a free port of the loopback and secrets of
/// its own, and ends with its object. What they need is installed by scripts/deps.sh.
namespace test {

class StorageServer {
public:
    /// The kind of repository that it holds, as the API names it.
    [[nodiscard]] const std::string& kind() const noexcept { return kind_; }
    [[nodiscard]] int port() const noexcept { return port_; }
    /// The fields of a repository of that name on it, with what it takes to get in. Nothing is made.
    [[nodiscard]] core::json::Object config(const std::string& repository) const {
        return config_(repository);
    }
    /// The certificate to trust, or "".
    [[nodiscard]] const std::string& authority() const noexcept { return authority_; }
    /// The same for restic by hand: its environment, with RESTIC_REPOSITORY, and its options.
    [[nodiscard]] std::map<std::string, std::string> environment(const std::string& repository) const {
        return environment_(repository);
    }
    [[nodiscard]] const std::vector<std::string>& options() const noexcept { return options_; }
    /// What leads an agent, and restic by hand, to a server that bears the name of somebody else.
    [[nodiscard]] const std::map<std::string, std::string>& detour() const noexcept { return detour_; }

private:
    friend std::unique_ptr<StorageServer> startRestServer(const std::filesystem::path& folder, int days);
    friend std::unique_ptr<StorageServer> startSftpServer(const std::filesystem::path& folder);
    friend std::unique_ptr<StorageServer> startFaultyServer(const std::filesystem::path& folder,
                                                            const std::string& fault);
    friend class FaultProxy;
    friend std::unique_ptr<StorageServer> startS3Server(const std::filesystem::path& folder);
    friend std::unique_ptr<StorageServer> startAzureServer(const std::filesystem::path& folder);
    friend std::unique_ptr<StorageServer> startGcsServer(const std::filesystem::path& folder);
    /// Starts it and waits until its port takes connections; throws std::runtime_error with its log
    /// otherwise.
    void start(const std::filesystem::path& folder, core::ProcessSpec spec);

    std::string kind_;
    int port_ = 0;
    std::string authority_;
    std::vector<std::string> options_;
    std::map<std::string, std::string> detour_;
    std::function<core::json::Object(const std::string&)> config_;
    std::function<std::map<std::string, std::string>(const std::string&)> environment_;
    core::SystemProcessRunner runner_;
    std::unique_ptr<core::Process> process_;
};

/// rclone's server of restic's own protocol, over TLS with a certificate that nobody else trusts.
/// `days`: how long the certificate is good; below 0 it has ended.
std::unique_ptr<StorageServer> startRestServer(const std::filesystem::path& folder, int days = 30);
/// OpenSSH, which lets in whom this process runs as, by a key; its own key stands in the fields too.
std::unique_ptr<StorageServer> startSftpServer(const std::filesystem::path& folder);
/// s3rver, over TLS as above, with one bucket.
std::unique_ptr<StorageServer> startS3Server(const std::filesystem::path& folder);
/// Azurite, under the cloud's own name, with one container where the system's restic has the kind.
std::unique_ptr<StorageServer> startAzureServer(const std::filesystem::path& folder);
/// NAME.json, as Google hands out the key of a service account, and NAME.pub, which verifies what it signs.
std::filesystem::path makeServiceAccount(const std::filesystem::path& folder, const std::string& name,
                                         const std::string& project);
/// Our own server of what restic asks of Google's, under Google's name, with one bucket and one service
/// account.
std::unique_ptr<StorageServer> startGcsServer(const std::filesystem::path& folder);

/// A REST server with a fault of fault_server.mjs: "page", "full", "half" and "elsewhere".
std::unique_ptr<StorageServer> startFaultyServer(const std::filesystem::path& folder,
                                                 const std::string& fault);

/// A line to a REST server that goes wrong when it is told to: the faults of fault_proxy.mjs.
class FaultProxy {
public:
    /// Before a server of startRestServer().
    FaultProxy(const std::filesystem::path& folder, const StorageServer& server);
    /// From the next connection on.
    void use(const std::string& fault) const;
    /// The fields of a repository of that name, by this line.
    [[nodiscard]] core::json::Object config(const std::string& repository) const;

private:
    const StorageServer& behind_;
    std::filesystem::path fault_;
    StorageServer proxy_;
};

/// One of them, for tests that are run with each.
struct StorageKind {
    std::string name; ///< for the test's name
    std::unique_ptr<StorageServer> (*start)(const std::filesystem::path& folder);
};
inline void PrintTo(const StorageKind& kind, std::ostream* out) {
    *out << kind.name;
}
inline std::vector<StorageKind> storageKinds() {
    return {{"rest", [](const std::filesystem::path& folder) { return startRestServer(folder); }},
            {"sftp", startSftpServer},
            {"s3", startS3Server},
            {"azure", startAzureServer},
            {"gcs", startGcsServer}};
}

} // namespace test
