#include "support/storage_servers.h"

#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "support/await.h"
#include "support/free_port.h"

namespace test {
namespace {
namespace fs = std::filesystem;
using core::json::Object;

std::string contentOf(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

bool takesConnections(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool taken = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    ::close(fd);
    return taken;
}

core::ProcessSpec specOf(const std::string& program, std::vector<std::string> arguments) {
    core::ProcessSpec spec;
    spec.program = program;
    spec.arguments = std::move(arguments);
    spec.environment = {
        {"PATH", std::string(AE_BUILD_DIR) + "/tools/node_modules/.bin:/usr/local/bin:/usr/bin:/bin"},
        {"HOME", "/tmp"}};
    return spec;
}

/// A pair of keys, FILE and FILE.pub.
void makeSshKey(const fs::path& file) {
    const auto made = runTool("ssh-keygen", {"-q", "-t", "ed25519", "-N", "", "-f", file.string()});
    if (!made.exit.ok())
        throw std::runtime_error("ssh-keygen: " + made.error);
}
} // namespace

fs::path makeServiceAccount(const fs::path& folder, const std::string& name, const std::string& project) {
    const auto key = folder / (name + ".key");
    const auto file = folder / (name + ".json");
    for (const auto& arguments : std::vector<std::vector<std::string>>{
             {"genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key.string()},
             {"pkey", "-in", key.string(), "-pubout", "-out", (folder / (name + ".pub")).string()}})
        if (const auto made = runTool("openssl", arguments); !made.exit.ok())
            throw std::runtime_error("openssl: " + made.error);
    std::ofstream(file) << core::json::write(
        Object{{"type", "service_account"},
               {"project_id", project},
               {"private_key_id", "1"},
               {"private_key", contentOf(key)},
               {"client_email", name + "@" + project + ".iam.gserviceaccount.com"},
               {"client_id", "1"},
               {"token_uri", "https://oauth2.googleapis.com/token"}});
    return file;
}

void StorageServer::start(const fs::path& folder, core::ProcessSpec spec) {
    const auto log = folder / "server.log";
    spec.standardOutput = spec.standardError = core::ProcessOutput::toFile(log);
    auto started = runner_.start(spec);
    if (!started)
        throw std::runtime_error(started.error().what());
    process_ = std::move(started).value();
    bool ended = false;
    const bool serves = await([&] {
        ended = process_->wait(std::chrono::milliseconds(0)).has_value();
        return ended || takesConnections(port_);
    });
    if (ended || !serves)
        throw std::runtime_error(spec.program + " does not serve: " + contentOf(log));
}

std::unique_ptr<StorageServer> startRestServer(const fs::path& folder, int days) {
    constexpr auto kUser = "of-the-rest-server";
    constexpr auto kPassword = "canary-of-the-rest-server";
    fs::create_directories(folder / "data");
    const auto tls = makeCertificate(folder, "rest", {.days = days});
    auto server = std::make_unique<StorageServer>();
    server->kind_ = "rest";
    server->port_ = freePort();
    server->authority_ = tls.certificate;
    const auto address = "127.0.0.1:" + std::to_string(server->port_);
    server->config_ = [=](const std::string& name) {
        return Object{
            {"url", "https://" + address + "/" + name + "/"}, {"username", kUser}, {"password", kPassword}};
    };
    server->environment_ = [=](const std::string& name) -> std::map<std::string, std::string> {
        return {{"RESTIC_REPOSITORY",
                 std::string("rest:https://") + kUser + ":" + kPassword + "@" + address + "/" + name + "/"}};
    };
    server->options_ = {"--cacert=" + tls.certificate};
    server->start(folder, specOf("rclone", {"serve", "restic", "--addr", address, "--cert", tls.certificate,
                                            "--key", tls.key, "--user", kUser, "--pass", kPassword,
                                            (folder / "data").string()}));
    return server;
}

std::unique_ptr<StorageServer> startFaultyServer(const fs::path& folder, const std::string& fault) {
    fs::create_directories(folder);
    auto server = std::make_unique<StorageServer>();
    server->kind_ = "rest";
    server->port_ = freePort();
    const auto url = "http://127.0.0.1:" + std::to_string(server->port_) + "/";
    server->config_ = [=](const std::string& name) { return Object{{"url", url + name + "/"}}; };
    server->environment_ = [=](const std::string& name) -> std::map<std::string, std::string> {
        return {{"RESTIC_REPOSITORY", "rest:" + url + name + "/"}};
    };
    server->start(folder, specOf("node", {std::string(AE_SOURCE_DIR) + "/tests/support/fault_server.mjs",
                                          std::to_string(server->port_), fault}));
    return server;
}

FaultProxy::FaultProxy(const fs::path& folder, const StorageServer& server)
    : behind_(server), fault_(folder / "fault") {
    fs::create_directories(folder);
    use("none");
    proxy_.port_ = freePort();
    proxy_.start(folder, specOf("node", {std::string(AE_SOURCE_DIR) + "/tests/support/fault_proxy.mjs",
                                         std::to_string(proxy_.port_), std::to_string(server.port()),
                                         fault_.string()}));
}

void FaultProxy::use(const std::string& fault) const {
    const auto fresh = fault_.string() + ".new";
    std::ofstream(fresh) << fault;
    fs::rename(fresh, fault_);
}

Object FaultProxy::config(const std::string& repository) const {
    auto config = behind_.config(repository);
    config.set("url", "https://127.0.0.1:" + std::to_string(proxy_.port_) + "/" + repository + "/");
    return config;
}

std::unique_ptr<StorageServer> startSftpServer(const fs::path& folder) {
    fs::create_directories(folder / "data");
    makeSshKey(folder / "host_key");
    makeSshKey(folder / "client_key");
    auto server = std::make_unique<StorageServer>();
    server->kind_ = "sftp";
    server->port_ = freePort();
    const auto known =
        "[127.0.0.1]:" + std::to_string(server->port_) + " " + contentOf(folder / "host_key.pub");
    std::ofstream(folder / "sshd_config")
        << "Port " << server->port_ << "\nListenAddress 127.0.0.1\nHostKey " << (folder / "host_key").string()
        << "\nAuthorizedKeysFile " << (folder / "client_key.pub").string()
        << "\nPidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
           "PermitRootLogin yes\nMaxStartups 100\nSubsystem sftp internal-sftp\n";
    const std::string user = ::getpwuid(::geteuid())->pw_name;
    const auto key = contentOf(folder / "client_key");
    const auto port = server->port_;
    server->config_ = [=](const std::string& name) {
        return Object{{"host", "127.0.0.1"}, {"port", port},
                      {"user", user},        {"path", (folder / "data" / name).string()},
                      {"key", key},          {"known_hosts", known}};
    };
    server->environment_ = [=](const std::string& name) -> std::map<std::string, std::string> {
        return {{"RESTIC_REPOSITORY", "sftp:" + user + "@127.0.0.1:" + (folder / "data" / name).string()}};
    };
    server->options_ = {"--option=sftp.command=ssh -oBatchMode=yes -oIdentitiesOnly=yes -i " +
                        (folder / "client_key").string() +
                        " -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -p " +
                        std::to_string(port) + " -l " + user + " 127.0.0.1 -s sftp"};
    std::error_code ignored;
    fs::create_directory("/run/sshd", ignored); // it wants this folder where it runs as root
    server->start(folder, specOf("/usr/sbin/sshd", {"-D", "-e", "-f", (folder / "sshd_config").string()}));
    return server;
}

std::unique_ptr<StorageServer> startS3Server(const fs::path& folder) {
    constexpr auto kBucket = "of-the-tests";
    constexpr auto kKeyId = "KEYOFTHETESTS";
    constexpr auto kSecret = "canary-of-the-s3-server";
    fs::create_directories(folder / "data");
    const auto tls = makeCertificate(folder, "s3");
    auto server = std::make_unique<StorageServer>();
    server->kind_ = "s3";
    server->port_ = freePort();
    server->authority_ = tls.certificate;
    const auto endpoint = "https://127.0.0.1:" + std::to_string(server->port_);
    server->config_ = [=](const std::string& name) {
        return Object{{"endpoint", endpoint},
                      {"bucket", kBucket},
                      {"path", name},
                      {"access_key_id", kKeyId},
                      {"secret_access_key", kSecret}};
    };
    server->environment_ = [=](const std::string& name) -> std::map<std::string, std::string> {
        return {{"RESTIC_REPOSITORY", "s3:" + endpoint + "/" + kBucket + "/" + name},
                {"AWS_ACCESS_KEY_ID", kKeyId},
                {"AWS_SECRET_ACCESS_KEY", kSecret}};
    };
    server->options_ = {"--cacert=" + tls.certificate};
    auto spec = specOf("node", {std::string(AE_SOURCE_DIR) + "/tests/support/s3_server.mjs",
                                (folder / "data").string(), std::to_string(server->port_), tls.key,
                                tls.certificate, kBucket});
    spec.environment["ACCESS_KEY_ID"] = kKeyId;
    spec.environment["SECRET_ACCESS_KEY"] = kSecret;
    server->start(folder, std::move(spec));
    return server;
}

std::unique_ptr<StorageServer> startAzureServer(const fs::path& folder) {
    constexpr auto kAccount = "oftests";
    constexpr auto kContainer = "of-the-tests";
    constexpr auto kKey = "Y2FuYXJ5IG9mIHRoZSBBenVyZSBzZXJ2ZXI=";
    fs::create_directories(folder / "data");
    const auto tls = makeCertificate(folder, "azure",
                                     {.names = std::string("DNS:") + kAccount + ".blob.core.windows.net"});
    auto server = std::make_unique<StorageServer>();
    server->kind_ = "azure";
    server->port_ = freePort();
    server->authority_ = tls.certificate;
    server->config_ = [=](const std::string& name) {
        return Object{
            {"account_name", kAccount}, {"container", kContainer}, {"path", name}, {"account_key", kKey}};
    };
    server->environment_ = [=](const std::string& name) -> std::map<std::string, std::string> {
        return {{"RESTIC_REPOSITORY", std::string("azure:") + kContainer + ":/" + name},
                {"AZURE_ACCOUNT_NAME", kAccount},
                {"AZURE_ACCOUNT_KEY", kKey}};
    };
    server->options_ = {"--cacert=" + tls.certificate};
    server->detour_ = {{"HTTPS_PROXY", "http://127.0.0.1:" + std::to_string(server->port_)}};
    auto spec = specOf("node", {std::string(AE_SOURCE_DIR) + "/tests/support/azure_server.mjs",
                                std::to_string(server->port_), std::to_string(freePort()),
                                (folder / "data").string(), tls.key, tls.certificate});
    spec.environment["AZURITE_ACCOUNTS"] = std::string(kAccount) + ":" + kKey;
    server->start(folder, std::move(spec));
    // Containers are made by whoever can sign.
    auto first = specOf("restic", {"init", "--no-cache", "--cacert=" + tls.certificate});
    first.environment.merge(server->environment_("first"));
    first.environment.insert(server->detour_.begin(), server->detour_.end());
    first.environment["RESTIC_PASSWORD"] = "canary of the first one";
    first.standardOutput = first.standardError = core::ProcessOutput::toFile(folder / "first.log");
    first.timeout = std::chrono::seconds(60);
    if (const auto made = server->runner_.run(first); !made.ok())
        throw std::runtime_error(made.error().what());
    return server;
}

std::unique_ptr<StorageServer> startGcsServer(const fs::path& folder) {
    constexpr auto kBucket = "of-the-tests";
    constexpr auto kProject = "of-the-tests";
    fs::create_directories(folder);
    const auto tls =
        makeCertificate(folder, "gcs", {.names = "DNS:storage.googleapis.com,DNS:oauth2.googleapis.com"});
    const auto credentials = makeServiceAccount(folder, "account", kProject);
    auto server = std::make_unique<StorageServer>();
    server->kind_ = "gcs";
    server->port_ = freePort();
    server->authority_ = tls.certificate;
    server->config_ = [=](const std::string& name) {
        return Object{{"bucket", kBucket},
                      {"path", name},
                      {"project_id", kProject},
                      {"credentials", contentOf(credentials)}};
    };
    server->environment_ = [=](const std::string& name) -> std::map<std::string, std::string> {
        return {{"RESTIC_REPOSITORY", std::string("gs:") + kBucket + ":/" + name},
                {"GOOGLE_PROJECT_ID", kProject},
                {"GOOGLE_APPLICATION_CREDENTIALS", credentials.string()}};
    };
    server->options_ = {"--cacert=" + tls.certificate};
    server->detour_ = {{"HTTPS_PROXY", "http://127.0.0.1:" + std::to_string(server->port_)}};
    server->start(folder, specOf("node", {std::string(AE_SOURCE_DIR) + "/tests/support/gcs_server.mjs",
                                          std::to_string(server->port_), tls.key, tls.certificate,
                                          (folder / "account.pub").string(), kBucket}));
    return server;
}

} // namespace test
