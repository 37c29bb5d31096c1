#include "core/db/open.h"
#include "integration/system/system_fixture.h"

namespace test {
namespace {

class CommandLine : public SystemTest {};

TEST_F(CommandLine, ABusyPortIsSaid) {
    startBackend();
    auto spec = backendCommand({"--http-addr", "127.0.0.1:" + std::to_string(port_), "serve"});
    spec.arguments.at(3) = (dir_ / "other").string();
    const auto second = runner_.run(spec).value();
    EXPECT_EQ(second.exit.code, 1);
    EXPECT_NE(second.error.find(std::to_string(port_)), std::string::npos) << second.error;
    EXPECT_NE(second.error.find("another program listens"), std::string::npos) << second.error;
    EXPECT_EQ(get("/api/v1/auth/me").stringOr("email"), kAdminEmail);
}

TEST_F(CommandLine, ANewerDatabaseIsLeftAlone) {
    ASSERT_TRUE(backend({"migrate"}).exit.ok());
    const auto file = dir_ / "data" / "ae-backend.db";
    {
        TestLog log;
        const core::SystemClock clock;
        core::db::Options options;
        options.url = "sqlite:" + file.string();
        const auto database = core::db::open(options, clock, log.logger());
        database->transact(core::SystemContext("test"), [](core::db::Transaction& tx) {
            tx.execute("INSERT INTO schema_migrations (module, version, description, checksum, applied_at) "
                       "SELECT module, 9001, 'of the future', checksum, applied_at FROM schema_migrations "
                       "WHERE module = 'restic' LIMIT 1");
        });
    }
    for (const auto& command : std::vector<std::vector<std::string>>{{"migrate"}, {"doctor"}}) {
        const auto refused = backend(command);
        EXPECT_EQ(refused.exit.code, 1) << command[0];
        const auto said = refused.output + refused.error;
        EXPECT_NE(said.find("9001"), std::string::npos) << said;
        EXPECT_NE(said.find("restic"), std::string::npos) << said;
    }
    // The host goes on without the module, and says why.
    startBackend();
    EXPECT_EQ(api().get("/api/v1/restic/agents", admin_).status, 503);
    bool told = false;
    const auto modules = get("/api/v1/modules");
    for (const auto& module : *modules.find("items")->array())
        if (module.stringOr("id") == "restic")
            told = module.stringOr("state") == "failed" &&
                   module.stringOr("reason").find("9001") != std::string::npos;
    EXPECT_TRUE(told) << core::json::write(get("/api/v1/modules"));
}

TEST_F(CommandLine, TheReferenceOfTheSettingsIsTheOneInTheDocumentation) {
    const auto printed = backend({"config", "reference"});
    ASSERT_TRUE(printed.exit.ok()) << printed.error;
    EXPECT_EQ(printed.output, readFile(std::filesystem::path(AE_SOURCE_DIR) / "docs/configuration.md"))
        << "write it again: build/bin/ae-backend config reference >docs/configuration.md";
    EXPECT_NE(printed.output.find("`restic.tasks.lease`"), std::string::npos) << "modules are in it";
}

TEST_F(CommandLine, TheCatalogueOfEventsIsTheOneInTheDocumentation) {
    const auto printed = backend({"events"});
    ASSERT_TRUE(printed.exit.ok()) << printed.error;
    EXPECT_EQ(printed.output, readFile(std::filesystem::path(AE_SOURCE_DIR) / "docs/events.md"))
        << "write it again: build/bin/ae-backend events >docs/events.md";

    const auto json = backend({"--json", "events"});
    const auto catalogue = core::json::parse(json.output).value();
    ASSERT_FALSE(catalogue.find("items")->array()->empty());
    bool found = false;
    for (const auto& event : *catalogue.find("items")->array()) {
        EXPECT_FALSE(event.stringOr("doc").empty()) << event.stringOr("key");
        if (event.stringOr("key") != "restic.task.completed")
            continue;
        found = true;
        EXPECT_EQ(event.stringOr("module"), "restic");
        EXPECT_EQ(event.stringOr("name"), "TaskCompleted");
        EXPECT_TRUE(event.booleanOr("durable"));
        EXPECT_FALSE(event.booleanOr("cross_host", true));
        const auto* fields = event.find("schema")->find("properties");
        EXPECT_EQ(fields->find("task_id")->stringOr("format"), "uuid");
    }
    EXPECT_TRUE(found);
}

TEST_F(CommandLine, ARunningHostTakesTheConfigurationAgainAllOrNothing) {
    startBackend();
    const auto log = [&] { return readFile(dir_ / "backend.log"); };
    configureHost("log:\n  level: loud\n  format: text\n");
    backend_->signal(SIGHUP);
    ASSERT_TRUE(await([&] { return log().find("was not taken") != std::string::npos; })) << log();
    EXPECT_NE(log().find("line 10: log.level"), std::string::npos) << log();

    configureHost("log:\n  format: text\nhttp:\n  workers: 3\n");
    backend_->signal(SIGHUP);
    ASSERT_TRUE(await([&] { return log().find("read again") != std::string::npos; })) << log();
    const auto last = log().substr(log().rfind("\n", log().find("read again")) + 1);
    EXPECT_NE(last.substr(0, 1), "{") << "text from now on: " << last;
    EXPECT_NE(last.find("http.workers"), std::string::npos) << last;
    EXPECT_EQ(get("/api/v1/auth/me").stringOr("email"), kAdminEmail);
}

TEST_F(CommandLine, UnknownSettingsAreNamedWithTheirLine) {
    writeFile(dir_ / "host.yaml", "http:\n  workers: 2\n  wrokers: 3\nlog:\n  level: loud\n");
    const auto checked = backend({"config", "check"});
    EXPECT_EQ(checked.exit.code, 1);
    EXPECT_NE(checked.error.find("http.wrokers"), std::string::npos) << checked.error;
    EXPECT_NE(checked.error.find("3"), std::string::npos) << checked.error;
    EXPECT_NE(checked.error.find("host.yaml, line 3: http.wrokers"), std::string::npos) << checked.error;
    EXPECT_NE(checked.error.find("log.level"), std::string::npos) << "all at once: " << checked.error;
    EXPECT_EQ(backend({"serve"}).exit.code, 1);
    configureHost();
    const auto good = backend({"config", "check"});
    EXPECT_EQ(good.exit.code, 0) << good.error;
    const auto json = backend({"--json", "config", "check"});
    EXPECT_TRUE(core::json::parse(json.output).value().booleanOr("valid"));
}

TEST_F(CommandLine, SecretsAreNotShown) {
    configureHost();
    const auto shown = backend({"config", "show"});
    EXPECT_EQ(shown.exit.code, 0);
    EXPECT_EQ(shown.output.find(kAdminPassword), std::string::npos);
    EXPECT_NE(shown.output.find("http.addr"), std::string::npos);
    const auto json = core::json::parse(backend({"--json", "config", "show"}).output).value();
    EXPECT_EQ(json.find("bootstrap.admin_password")->stringOr("value"), "***");
    EXPECT_EQ(json.find("bootstrap.admin_password")->stringOr("where"), "AE_BOOTSTRAP_ADMIN_PASSWORD");
    EXPECT_EQ(json.find("auth.bcrypt_cost")->integerOr("value", 0), 10);
    EXPECT_EQ(json.find("auth.bcrypt_cost")->stringOr("origin"), "file");
    EXPECT_EQ(json.find("http.swagger")->booleanOr("value", false), true);
}

TEST_F(CommandLine, ModulesAndDoctor) {
    configureHost();
    const auto modules = backend({"--json", "module", "list"});
    EXPECT_EQ(modules.exit.code, 0) << modules.error;
    std::vector<std::string> names;
    const auto listed = core::json::parse(modules.output).value();
    for (const auto& module : *listed.find("items")->array()) {
        names.push_back(module.stringOr("id"));
        EXPECT_EQ(module.stringOr("state"), "loadable");
    }
    EXPECT_NE(std::find(names.begin(), names.end(), "base"), names.end());
    EXPECT_NE(std::find(names.begin(), names.end(), "restic"), names.end());
    EXPECT_NE(backend({"module", "list"}).output.find("restic"), std::string::npos);
    const auto doctor = backend({"--json", "doctor"});
    EXPECT_EQ(doctor.exit.code, 0) << doctor.output << doctor.error;
    EXPECT_TRUE(core::json::parse(doctor.output).value().booleanOr("ok"));
    const auto ill = backend({"--database-url", "sqlite:/nowhere/at/all.db", "doctor"});
    EXPECT_EQ(ill.exit.code, 1);
    EXPECT_NE(ill.output.find("/nowhere/at"), std::string::npos) << ill.output;
}

TEST_F(CommandLine, ExitCodes) {
    configureHost();
    ASSERT_TRUE(backend({"migrate"}).exit.ok());
    EXPECT_EQ(backend({"--help"}).exit.code, 0);
    EXPECT_EQ(backend({"--version"}).exit.code, 0);
    EXPECT_EQ(backend({"frobnicate"}).exit.code, 2);
    EXPECT_EQ(backend({"module", "check"}).exit.code, 2);
    EXPECT_EQ(backend({"--no-such-flag", "serve"}).exit.code, 2);
    EXPECT_EQ(backend({"module", "check", "/nowhere.so"}).exit.code, 1);
    EXPECT_EQ(backend({"token", "create", "--name", "x", "--role", "emperor"}).exit.code, 2);
}

TEST_F(CommandLine, AMistypedFolderIsSaidAndNotMade) {
    for (const auto& command : std::vector<std::vector<std::string>>{
             {"task", "list"}, {"user", "list"}, {"token", "create", "--name", "x"}}) {
        const auto refused = backend(command);
        EXPECT_EQ(refused.exit.code, 1) << command[0] << refused.output;
        EXPECT_NE(refused.error.find("There is no database " + (dir_ / "data/ae-backend.db").string()),
                  std::string::npos)
            << refused.error;
        EXPECT_NE(refused.error.find("--data-dir"), std::string::npos) << refused.error;
        EXPECT_FALSE(std::filesystem::exists(dir_ / "data")) << command[0];
    }
    ASSERT_TRUE(backend({"migrate"}).exit.ok());
    const auto early = backend({"task", "list"});
    EXPECT_EQ(early.exit.code, 1);
    EXPECT_NE(early.error.find("no host has started on this database yet"), std::string::npos) << early.error;
}

TEST_F(CommandLine, MistypedCommandsAreGuessed) {
    const auto said = [&](std::vector<std::string> words) { return backend(std::move(words)).error; };
    EXPECT_NE(said({"sevre"}).find("no command \"sevre\"; did you mean \"serve\"?"), std::string::npos);
    EXPECT_NE(said({"user", "creat"}).find("did you mean \"user create\"?"), std::string::npos);
    EXPECT_NE(said({"zebra"}).find("no command \"zebra\""), std::string::npos);
}

TEST_F(CommandLine, HelpShowsExamplesOfItsOwn) {
    const auto help = [&](std::vector<std::string> words) {
        words.emplace_back("--help");
        const auto shown = backend(words);
        EXPECT_EQ(shown.exit.code, 0);
        return shown.output;
    };
    for (const char* group : {"user", "token", "tenant", "config", "module"}) {
        const auto text = help({group});
        const auto examples = text.find("Examples:\n  ae-backend " + std::string(group) + ' ');
        ASSERT_NE(examples, std::string::npos) << text;
        for (const char* other : {"ae-backend serve", "ae-backend migrate", "Exit codes"})
            EXPECT_EQ(text.find(other), std::string::npos) << text;
    }
    EXPECT_NE(help({"user"}).find("ae-backend user disable"), std::string::npos) << "each command's";
    EXPECT_NE(help({"user", "disable"}).find("Example:\n  ae-backend user disable"), std::string::npos);
    EXPECT_NE(help({}).find("Exit codes: 0 done"), std::string::npos);
}

TEST_F(CommandLine, TheVersionMapsNoModule) {
    laySample("throws_create"); // says so in the log when it is mapped
    const std::vector<std::string> path{"--module-path", (dir_ / "modules").string()};
    const auto with = [&](std::vector<std::string> words) {
        words.insert(words.begin(), path.begin(), path.end());
        return backend(words);
    };
    EXPECT_NE(with({"module", "list"}).error.find("throws_create"), std::string::npos);
    const auto version = with({"--version"});
    EXPECT_EQ(version.exit.code, 0);
    EXPECT_EQ(version.error, "");
    EXPECT_TRUE(version.output.starts_with("ae-backend 0.1.0 (module ABI ")) << version.output;
}

TEST_F(CommandLine, WhatCannotBeUsedIsSaidBeforeAnythingStarts) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
        {{"--config", (dir_ / "typo.yaml").string()}, "does not exist"},
        {{"--database-url", "mysql://x"}, "must begin with sqlite: or postgresql://"},
        {{"--data-dir", ""}, "data_dir is empty"},
        {{"--module-path", "/nowhere/at/all"}, "/nowhere/at/all is none"},
        {{"--http-addr", "127.0.0.1:99999"}, "a port is a number up to 65535"}};
    for (const auto& [flags, reason] : wrong) {
        auto spec = backendCommand({});
        spec.arguments = flags;
        spec.arguments.insert(spec.arguments.end(), {"config", "check"});
        const auto checked = runner_.run(spec).value();
        EXPECT_EQ(checked.exit.code, 1) << flags[0];
        EXPECT_NE(checked.error.find(reason), std::string::npos) << flags[0] << checked.error;
        EXPECT_EQ(checked.error.find(".."), std::string::npos) << checked.error;
    }
    for (const auto& [name, value, reason] :
         {std::tuple{"AE_JWT_SECRET", "short", "at least 32 bytes"},
          {"BACKUP_ENCRYPTION_KEY", "no-key", "32 bytes as base64 or hex"},
          {"AE_HTTP_ADR", "x", "did you mean AE_HTTP_ADDR?"}}) {
        environment_ = {{name, value}};
        const auto checked = backend({"config", "check"});
        EXPECT_EQ(checked.exit.code, 1) << name;
        EXPECT_NE(checked.error.find(reason), std::string::npos) << checked.error;
        EXPECT_EQ(checked.error.find("no-key"), std::string::npos) << "secrets are not repeated";
    }
}

TEST_F(CommandLine, NamesThatNobodySeesOrThatCommandAreRefused) {
    ASSERT_TRUE(backend({"migrate"}).exit.ok());
    ASSERT_EQ(backend({"tenant", "create", "--name", "plain"}).exit.code, 0);
    for (const char* name : {"\u200b", "a\x1b[31m", "a\u202eb", "a\xff"})
        for (const auto& command : std::vector<std::vector<std::string>>{
                 {"tenant", "create", "--name", name},
                 {"tenant", "set", "--name", "plain", "--rename", name},
                 {"token", "create", "--name", name},
                 {"user", "create", "--email", "ada@example.com", "--name", name}}) {
            const auto refused = backend(command);
            EXPECT_EQ(refused.exit.code, 2) << command[0] << refused.output << refused.error;
            EXPECT_NE(refused.error.find(" must "), std::string::npos) << refused.error;
        }
}

TEST_F(CommandLine, ScriptsGetFailuresAsJsonAndLoseNoAnswerInSilence) {
    ASSERT_TRUE(backend({"migrate"}).exit.ok());
    const auto failed = backend({"--json", "tenant", "create", "--name", ""});
    EXPECT_EQ(failed.exit.code, 2);
    EXPECT_EQ(backend({"token", "create", "--name", "x", "--expires-in", "soon"}).exit.code, 2);
    EXPECT_EQ(backend({"user", "disable", "--email", "nobody@example.com"}).exit.code, 1) << "well asked";
    const auto error = core::json::parse(failed.error.substr(failed.error.find("{\n")));
    ASSERT_TRUE(error) << failed.error;
    EXPECT_EQ(error.value().stringOr("error"), "ValidationError");
    EXPECT_EQ(error.value().stringOr("message"), "--name must not be blank");

    auto spec = backendCommand({"token", "create", "--name", "x"});
    spec.standardOutput = core::ProcessOutput::toFile("/dev/full");
    const auto lost = runner_.run(spec).value();
    EXPECT_EQ(lost.exit.code, 1);
    EXPECT_NE(lost.error.find("could not be written"), std::string::npos) << lost.error;
}

} // namespace
} // namespace test
