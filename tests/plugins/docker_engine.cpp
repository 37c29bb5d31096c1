#include "plugins/docker_engine.h"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

namespace test {
using namespace std::chrono_literals;

namespace {
const std::map<std::string, std::string> kEnvironment{
    {"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"},
    {"HOME", "/nonexistent"},
    {"DOCKER_CONFIG", "/nonexistent"},
    {"LC_ALL", "C.UTF-8"}};

/// Ends at once when it is stopped; a shell as the first process would not.
constexpr const char* kIdle = R"(#!/bin/sh
trap 'exit 0' TERM
while :; do sleep 1000 & wait $!; done
)";

/// Stand-ins for PostgreSQL's programs: a database is a file of /db, which only the password opens.
constexpr const char* kCommon = R"(#!/bin/sh
for a in "$@"; do
  case "$a" in
  --dbname=*) db=${a#--dbname=dbname=\'}; db=${db%\'} ;;
  --username=*) user=${a#--username=} ;;
  --version) echo "$(basename "$0") (PostgreSQL) 17.1"; exit 0 ;;
  esac
done
if [ "$PGPASSWORD" != "s3cret word" ] || [ "$user" != owner ]; then
  echo "FATAL: password authentication failed for user \"$user\"" >&2; exit 2
fi
)";
constexpr const char* kPgDump = R"(
printf PGDMP
cat "/db/$db" || exit 1
[ ! -e /slow ] || { echo $$ >/dumping; while :; do sleep 1; done; }
[ ! -e /broken ] || { echo "pg_dump: error: something is broken" >&2; exit 1; }
)";
constexpr const char* kPgRestore = R"(
content=$(cat; echo .)
case "$content" in
PGDMPbad*) printf begun >"/db/$db"; echo "pg_restore: error: bad content" >&2; exit 1 ;;
PGDMP*) content=${content#PGDMP}; printf %s "${content%.}" >"/db/$db" ;;
*) echo "pg_restore: error: no archive" >&2; exit 1 ;;
esac
)";
constexpr const char* kPsql = R"(
sql=$(cat)
name=${sql#*[\'\"]}; name=${name%%[\'\"]*}
case "$sql" in
"SELECT datname"*) ls /db ;;
"SELECT 1 FROM pg_database"*) [ ! -e "/db/$name" ] || echo 1 ;;
"SELECT 1 FROM pg_class"*) [ ! -s "/db/$db" ] || echo 1 ;;
"CREATE DATABASE"*) [ ! -e "/db/$name" ] || { echo "ERROR: it exists" >&2; exit 3; }; : >"/db/$name" ;;
"DROP DATABASE"*) rm -f "/db/$name" ;;
"SELECT pg_terminate"*) ;;
"ALTER DATABASE"*) to=${sql#*RENAME TO \"}; mv "/db/$name" "/db/${to%%\"*}" ;;
*) echo "ERROR: not known: $sql" >&2; exit 3 ;;
esac
)";

/// The same for MariaDB's, whose dump is a text with a last line.
constexpr const char* kMariadbCommon = R"(#!/bin/sh
[ "$1" != --version ] || { echo "mariadb-dump from 11.8-MariaDB"; exit 0; }
if [ "$MYSQL_PWD" != "s3cret word" ]; then echo "ERROR 1045: Access denied" >&2; exit 1; fi
db=
while [ $# -gt 0 ]; do [ "$1" != -- ] || db=$2; shift; done
)";
constexpr const char* kMariadbDump = R"(
cat "/db/$db" || exit 2
[ ! -e /broken ] || exit 0
echo
echo "-- Dump completed on a day"
)";
constexpr const char* kMariadb = R"(
sql=$(cat)
name=${sql#*[\'\`]}; name=${name%%[\'\`]*}
case "$sql" in
"SHOW DATABASES"*) echo information_schema; ls /db ;;
"SELECT 1 FROM information_schema.schemata"*) [ ! -e "/db/$name" ] || echo 1 ;;
"SELECT 1 FROM information_schema.tables"*) [ ! -s "/db/$name" ] || echo 1 ;;
"CREATE DATABASE"*) [ ! -e "/db/$name" ] || { echo "ERROR: it exists" >&2; exit 1; }; : >"/db/$name" ;;
"DROP DATABASE"*) rm -f "/db/$name" ;;
bad*) printf begun >"/db/$db"; echo "ERROR 1064: bad content" >&2; exit 1 ;;
*) printf %s "$sql" | head -n 1 >"/db/$db" ;;
esac
)";

void writeProgram(const std::filesystem::path& file, const std::string& text) {
    writeText(file, text);
    ::chmod(file.c_str(), 0755);
}
} // namespace

DockerEngine::DockerEngine(bool hidden) : socket_((folder_.path() / "docker.sock").string()) {
    const auto data = folder_.path() / "data";
    std::filesystem::create_directory(data);
    core::ProcessSpec spec;
    spec.environment = kEnvironment;
    spec.program = "setpriv"; // so that it does not outlive tests that crash
    spec.arguments = {"--pdeathsig", "TERM"};
    if (hidden)
        spec.arguments.insert(
            spec.arguments.end(),
            {"unshare", "--mount", "sh", "-c", "mount -t tmpfs none \"$0\" && exec \"$@\"", data.string()});
    spec.arguments.insert(spec.arguments.end(),
                          {"dockerd", "--iptables=false", "--bridge=none", "--ip-forward=false",
                           "--ip-masq=false", "--storage-driver=vfs", "--data-root=" + data.string(),
                           "--exec-root=" + (folder_.path() / "exec").string(), "--host=unix://" + socket_,
                           "--pidfile=" + (folder_.path() / "pid").string(), "--shutdown-timeout=1"});
    spec.standardError = core::ProcessOutput::toFile(folder_.path() / "log");
    auto started = runner_.start(spec);
    if (!started)
        throw std::runtime_error(started.error().what());
    process_ = std::move(started).value();
    if (!eventually([&] { return process_->wait(0ms) || client({"version"}, {}).exit.ok(); }) ||
        process_->wait(0ms))
        throw std::runtime_error("no engine: " + readText(folder_.path() / "log"));
    makeImage();
}

DockerEngine::~DockerEngine() {
    try {
        removeAll();
    } catch (const std::exception&) { // the engine has ended
    }
    process_->signal(SIGTERM);
    if (!process_->wait(20s)) {
        process_->signal(SIGKILL);
        process_->wait(5s);
    }
}

DockerEngine& DockerEngine::shared() {
    static DockerEngine engine;
    return engine;
}

void DockerEngine::makeImage() {
    const core::testkit::TempDir image;
    const auto root = image.path();
    std::filesystem::permissions(root, std::filesystem::perms(0755)); // also for users of containers
    for (const auto* folder : {"bin", "db", "tmp"})
        std::filesystem::create_directory(root / folder);
    std::filesystem::permissions(root / "tmp", std::filesystem::perms(01777));
    std::filesystem::copy_file("/bin/busybox", root / "bin/busybox");
    for (const auto* name : {"sh", "cat", "ls", "rm", "mv", "sleep", "echo", "basename", "touch", "kill",
                             "printf", "head", "mkdir", "dd", "true", "false", "env"})
        std::filesystem::create_symlink("busybox", root / "bin" / name);
    writeProgram(root / "bin/idle", kIdle);
    writeProgram(root / "bin/pg_dump", std::string(kCommon) + kPgDump);
    writeProgram(root / "bin/pg_restore", std::string(kCommon) + kPgRestore);
    writeProgram(root / "bin/mariadb", std::string(kMariadbCommon) + kMariadb);
    writeProgram(root / "bin/mariadb-dump", std::string(kMariadbCommon) + kMariadbDump);
    writeProgram(root / "bin/psql", std::string(kCommon) + kPsql);
    core::ProcessSpec spec;
    spec.program = "tar";
    spec.arguments = {"--create", "--file=" + (folder_.path() / "image.tar").string(),
                      "--directory=" + root.string(), "."};
    spec.environment = kEnvironment;
    if (!runner_.run(spec).value().exit.ok())
        throw std::runtime_error("no image");
    docker({"import", "--change", "CMD [\"/bin/idle\"]", (folder_.path() / "image.tar").string(), kImage});
}

core::ProcessResult DockerEngine::client(const std::vector<std::string>& arguments,
                                         const std::string& input) {
    core::ProcessSpec spec;
    spec.program = "docker";
    spec.environment = kEnvironment;
    spec.arguments = {"--host=unix://" + socket_};
    spec.arguments.insert(spec.arguments.end(), arguments.begin(), arguments.end());
    const core::SecretFile text(input);
    spec.standardInput = core::ProcessInput::fromDescriptor(text.fd());
    spec.standardOutput = core::ProcessOutput::capture();
    spec.standardError = core::ProcessOutput::capture();
    auto result = runner_.run(spec);
    if (!result)
        throw std::runtime_error(result.error().what());
    return std::move(result).value();
}

std::string DockerEngine::docker(const std::vector<std::string>& arguments, const std::string& input) {
    auto result = client(arguments, input);
    if (!result.exit.ok())
        throw std::runtime_error("docker " + arguments.front() + ": " + result.error);
    while (result.output.ends_with('\n'))
        result.output.pop_back();
    return result.output;
}

void DockerEngine::start(const std::string& name, const std::vector<std::string>& options) {
    std::vector<std::string> arguments{"run", "--detach", "--network=none", "--name=" + name};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.emplace_back(kImage);
    docker(arguments);
}

std::string DockerEngine::in(const std::string& container, const std::string& commands) {
    return docker({"exec", container, "/bin/sh", "-c", commands});
}

std::string DockerEngine::state(const std::string& container) {
    const auto result = client({"inspect", "--type=container", "--format={{.State.Status}}", container}, {});
    return result.exit.ok() ? result.output.substr(0, result.output.find('\n')) : "gone";
}

std::string DockerEngine::startedAt(const std::string& container) {
    return docker({"inspect", "--type=container", "--format={{.State.StartedAt}}", container});
}

std::filesystem::path DockerEngine::mountpoint(const std::string& volume) {
    return docker({"volume", "inspect", "--format={{.Mountpoint}}", volume});
}

std::string DockerEngine::volumes() {
    return docker({"volume", "ls", "--quiet"});
}

void DockerEngine::removeAll() {
    for (const auto& [list, remove] :
         std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>>{
             {{"ps", "--all", "--quiet"}, {"rm", "--force"}},
             {{"volume", "ls", "--quiet"}, {"volume", "rm"}}}) {
        auto arguments = remove;
        std::istringstream names(docker(list));
        for (std::string name; std::getline(names, name);)
            arguments.push_back(name);
        if (arguments.size() > remove.size())
            docker(arguments);
    }
}

core::json::Object DockerEngine::settings(core::json::Object more) const {
    more.set("socket", socket_);
    return more;
}

bool eventually(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until)
            return false;
        std::this_thread::sleep_for(30ms);
    }
    return true;
}

std::string readText(const std::filesystem::path& file) {
    std::ostringstream out;
    out << std::ifstream(file, std::ios::binary).rdbuf();
    return out.str();
}

void writeText(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

std::vector<int> processesWith(const std::vector<std::string>& texts) {
    std::vector<int> out;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const int pid = std::atoi(entry.path().filename().c_str());
        if (pid <= 0)
            continue;
        const auto line = readText(entry.path() / "cmdline");
        bool all = !line.empty();
        for (const auto& text : texts)
            all = all && line.find(text) != std::string::npos;
        if (all)
            out.push_back(pid);
    }
    return out;
}

} // namespace test
