#pragma once

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "core/json.h"
#include "core/testing/temp_dir.h"
#include "plugins/postgres_server.h"

namespace test {

/// What tests of this plugin do again and again.
class PostgresTest : public ::testing::Test {
protected:
    using Object = core::json::Object;
    using Json = nlohmann::json;

    PostgresServer& server = PostgresServer::shared();
    PluginDriver driver{"postgres"};
    core::testkit::TempDir folder;

    static Json json(const agent::StepEnd& end) { return Json::parse(core::json::write(end.answer)); }
    static std::string said(const agent::StepEnd& end) { return end.message + " | " + end.hint; }
    static std::string quoted(const std::string& name) {
        std::string out = "\"";
        for (const char c : name)
            out += c == '"' ? std::string("\"\"") : std::string(1, c);
        return out + "\"";
    }
    static std::string readFile(const std::filesystem::path& file) {
        std::ifstream in(file, std::ios::binary);
        std::ostringstream out;
        out << in.rdbuf();
        return out.str();
    }

    [[nodiscard]] std::filesystem::path file(const std::string& name = "dump") const {
        return folder.path() / name;
    }
    /// A new database; one of that name goes before.
    void create(const std::string& name, const std::string& content = {}, const std::string& options = {}) {
        drop(name);
        server.sql("CREATE DATABASE " + quoted(name) + " " + options);
        if (!content.empty())
            server.sql(content, name);
    }
    void drop(const std::string& name) {
        server.sql("DROP DATABASE IF EXISTS " + quoted(name) + " WITH (FORCE)");
    }
    bool exists(const std::string& name) {
        const auto all = "\n" + server.sql("SELECT '<' || datname || '>' FROM pg_database") + "\n";
        return all.find("\n<" + name + ">\n") != std::string::npos;
    }
    static Object itemNamed(const std::string& name) { return {{"name", name}, {"type", "database"}}; }
    agent::StepEnd restore(const std::filesystem::path& from, const std::string& name, bool replace = false) {
        return driver.read("restore", server.settings(), itemNamed(name),
                           {{"database", name}, {"replace", replace}}, from);
    }
    /// Kills the processes of steps, as the kernel does that has no memory left; how many there were.
    static int killSteps() {
        int count = 0;
        for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
            const auto name = entry.path().filename().string();
            if (name.find_first_not_of("0123456789") != std::string::npos)
                continue;
            const auto line = readFile(entry.path() / "cmdline");
            if (line.find("restic-agent") != std::string::npos &&
                line.find("/proc/" + std::to_string(::getpid()) + "/fd/") != std::string::npos)
                count += ::kill(std::stoi(name), SIGKILL) == 0 ? 1 : 0;
        }
        return count;
    }
    /// Temporary databases of restores.
    std::string leftBehind() {
        return server.sql("SELECT datname FROM pg_database WHERE datname LIKE 'restic_agent%'");
    }
};

} // namespace test
