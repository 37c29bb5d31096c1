#include "plugins/docker_servers.h"

#include <unistd.h>

namespace test {
namespace {
void must(const std::vector<std::string>& command) {
    core::SystemProcessRunner runner;
    core::ProcessSpec spec;
    spec.program = command.front();
    spec.arguments.assign(command.begin() + 1, command.end());
    spec.environment = {
        {"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}, {"HOME", "/nonexistent"}, {"LC_ALL", "C"}};
    spec.standardError = core::ProcessOutput::capture();
    const auto result = runner.run(spec);
    if (!result || !result.value().exit.ok())
        throw std::runtime_error(command.front() + ": " +
                                 (result ? result.value().error : result.error().what()));
}

/// The image's files, made once: that takes seconds.
std::filesystem::path filesOf(const std::string& product) {
    namespace fs = std::filesystem;
    const fs::path script = fs::path(AE_SOURCE_DIR) / "tests/plugins/server_image.sh";
    const auto archive = fs::path(AE_BUILD_DIR) / ("tests/image-" + product + ".tar");
    std::error_code none;
    if (fs::exists(archive) && fs::last_write_time(archive, none) > fs::last_write_time(script))
        return archive;
    const core::testkit::TempDir folder;
    const auto root = folder.path() / "root";
    fs::create_directory(root);
    must({"sh", script.string(), product, root.string()});
    const auto part = archive.string() + "." + std::to_string(::getpid()); // another test may be at it
    must({"tar", "--create", "--file=" + part, "--directory=" + root.string(), "."});
    fs::rename(part, archive);
    return archive;
}

void makeImage(DockerEngine& engine, const std::string& product) {
    const auto name = DockerServer::imageOf(product);
    if (engine.docker({"images", "--quiet", name}).empty())
        engine.docker({"import", "--change", "CMD [\"/bin/entry\"]", "--change", "VOLUME /data",
                       filesOf(product).string(), name});
}
} // namespace

DockerServer::DockerServer(DockerEngine& engine, std::string product, std::string name)
    : engine_(engine), product_(std::move(product)), name_(std::move(name)) {
    makeImage(engine, product_);
    std::vector<std::string> arguments{"run",
                                       "--detach",
                                       "--network=none",
                                       "--name=" + name_,
                                       "--volume=" + name_ + "-data:/data",
                                       "--label=restic-monitor.dump=" + product_};
    if (product_ == "postgres")
        arguments.insert(arguments.end(),
                         {"--env=POSTGRES_USER=owner", "--env=POSTGRES_PASSWORD=" + std::string(kPassword)});
    else
        arguments.push_back("--env=MARIADB_ROOT_PASSWORD=" + std::string(kPassword));
    arguments.push_back(imageOf(product_));
    engine_.docker(arguments);
    if (!eventually([&] {
            try {
                return sql("SELECT 1;") == "1";
            } catch (const std::exception&) { // not yet
                return false;
            }
        }))
        throw std::runtime_error("no server: " + engine_.docker({"logs", name_}));
}

std::vector<std::string> DockerServer::client(const std::string& database) const {
    // As the server that sets it up does not answer.
    if (product_ == "postgres")
        return {"psql",
                "--no-psqlrc",
                "--quiet",
                "--no-align",
                "--tuples-only",
                "--set=ON_ERROR_STOP=1",
                "--username=owner",
                "--host=127.0.0.1",
                "--dbname=" + (database.empty() ? "postgres" : database)};
    std::vector<std::string> out{"mariadb",        "--user=root",     "--batch", "--skip-column-names",
                                 "--protocol=tcp", "--host=127.0.0.1"};
    if (!database.empty())
        out.push_back(database);
    return out;
}

std::string DockerServer::sql(const std::string& statements, const std::string& database) const {
    std::vector<std::string> arguments{"exec", "--interactive", "--env=PGPASSWORD=" + std::string(kPassword),
                                       "--env=MYSQL_PWD=" + std::string(kPassword), name_};
    const auto command = client(database);
    arguments.insert(arguments.end(), command.begin(), command.end());
    return engine_.docker(arguments, statements);
}

} // namespace test
