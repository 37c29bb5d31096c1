#include "support/canaries.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "core/encoding.h"
#include "core/json.h"

namespace test {

namespace fs = std::filesystem;

namespace {

std::string contentOf(const fs::path& file) {
    std::ostringstream out; // a process of /proc may end meanwhile, which throws where iterators read
    out << std::ifstream(file, std::ios::binary).rdbuf();
    return out.str();
}

bool stands(const std::string& word, std::string_view text) {
    return ::memmem(text.data(), text.size(), word.data(), word.size()) != nullptr;
}

/// The process and what it started, by /proc/PID/task/TID/children.
void descendants(int pid, std::vector<int>& all) {
    all.push_back(pid);
    std::error_code gone;
    for (const auto& thread : fs::directory_iterator(fmt::format("/proc/{}/task", pid), gone)) {
        std::ifstream children(thread.path() / "children");
        for (int child = 0; children >> child;)
            descendants(child, all);
    }
}

} // namespace

void Canaries::add(const std::string& secret) {
    if (secret.size() < kShortest)
        return;
    const std::lock_guard lock(mutex_);
    secrets_.insert(secret);
}

std::size_t Canaries::size() const {
    const std::lock_guard lock(mutex_);
    return secrets_.size();
}

std::vector<std::string> Canaries::in(std::string_view text) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> found;
    for (const auto& secret : secrets_) {
        auto written = core::json::write(core::json::Value(secret));
        written = written.substr(1, written.size() - 2);
        if (stands(secret, text) || (written != secret && stands(written, text)) ||
            stands(core::hexEncode(secret), text))
            found.push_back(secret);
    }
    return found;
}

std::vector<std::string> secretsInFiles(const Canaries& canaries, const std::string& path,
                                        const std::set<std::string>& except) {
    std::vector<std::string> complaints;
    const auto look = [&](const fs::path& file) {
        if (except.contains(file.filename().string()))
            return;
        for (const auto& secret : canaries.in(contentOf(file)))
            complaints.push_back(fmt::format("the secret \"{}\" stands in {}", secret, file.string()));
    };
    std::error_code gone;
    if (fs::is_regular_file(path, gone))
        look(path);
    for (auto at = fs::recursive_directory_iterator(path, gone); at != fs::recursive_directory_iterator();
         at.increment(gone))
        if (at->is_regular_file(gone))
            look(at->path());
    return complaints;
}

std::vector<std::string> secretsInProcesses(const Canaries& canaries, int pid,
                                            const std::set<std::string>& given) {
    std::vector<std::string> complaints;
    std::vector<int> all;
    descendants(pid, all);
    const auto started = contentOf(fmt::format("/proc/{}/cmdline", pid));
    for (const int one : all) {
        const auto folder = fmt::format("/proc/{}/", one);
        const auto commandLine = contentOf(folder + "cmdline");
        for (const auto& secret : canaries.in(commandLine))
            complaints.push_back(
                fmt::format("the secret \"{}\" stands in the command line of process {}", secret, one));
        const auto environment = contentOf(folder + "environ");
        for (std::size_t at = 0; at < environment.size();) {
            const auto variable = environment.substr(at, environment.find('\0', at) - at);
            at += variable.size() + 1;
            const auto name = variable.substr(0, variable.find('='));
            // Only the process that the test itself started may have it from there; a child that has not
            // begun its own program yet shows what that one has.
            if ((one == pid || commandLine == started) && given.contains(name))
                continue;
            for (const auto& secret : canaries.in(variable))
                complaints.push_back(
                    fmt::format("the secret \"{}\" stands in {} of process {}", secret, name, one));
        }
    }
    return complaints;
}

std::vector<std::string> secretsInTables(const Canaries& canaries, const std::string& url) {
    // As the superuser of the tests' cluster: row level security hides nothing from it.
    std::string all = url;
    const auto user = all.find("://") + 3;
    const auto at = all.find('@');
    if (at != std::string::npos)
        all.replace(user, at - user, "postgres");
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(all.c_str()), &PQfinish);
    const auto ask = [&](const std::string& sql) {
        std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), &PQclear);
        if (PQresultStatus(result.get()) != PGRES_TUPLES_OK)
            throw std::runtime_error(PQerrorMessage(connection.get()));
        return result;
    };
    std::vector<std::string> complaints;
    const auto tables = ask("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'");
    for (int i = 0; i < PQntuples(tables.get()); ++i) {
        const std::string table = PQgetvalue(tables.get(), i, 0);
        const auto rows = ask("SELECT * FROM " + table);
        std::string text;
        for (int row = 0; row < PQntuples(rows.get()); ++row)
            for (int column = 0; column < PQnfields(rows.get()); ++column)
                text.append(PQgetvalue(rows.get(), row, column)).push_back('\n');
        for (const auto& secret : canaries.in(text))
            complaints.push_back(fmt::format("the secret \"{}\" stands in the table {}", secret, table));
    }
    return complaints;
}

} // namespace test
