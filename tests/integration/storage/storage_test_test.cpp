#include "integration/storage/storage_fixture.h"
#include "support/free_port.h"

/// What a test of a repository says of each thing that can be wrong with a real server, with each restic.
namespace test {
namespace {

class StorageAnswers : public StorageSystemTest, public testing::WithParamInterface<Restic> {
protected:
    /// A good repository on the server, whose fields the rest of the test changes.
    void makeRepository() {
        repositoryId_ = registered("repository");
        succeed(start("init", repositoryId_));
    }
    /// The error of a test once the repository has these fields.
    std::string errorOf(const Object& config, const std::string& authority,
                        const std::string& password = kRepositoryPassword) {
        Object body{
            {"name", "repository"}, {"type", server_->kind()}, {"config", config}, {"password", password}};
        if (!authority.empty())
            body.set("cert_file", authority);
        const auto changed = api().send("PUT", "/api/v1/restic/repositories/" + repositoryId_, admin_, body);
        EXPECT_EQ(changed.status, 200) << changed.body;
        const auto error = failTest(repositoryId_);
        EXPECT_FALSE(error.stringOr("hint").empty());
        EXPECT_EQ(error.stringOr("message").find("retrying"), std::string::npos) << error.stringOr("message");
        return error.stringOr("error");
    }
    std::string errorOf(const Object& config) { return errorOf(config, server_->authority()); }
    std::string errorOfWrongPassword() {
        return errorOf(server_->config("repository"), server_->authority(), "canary-that-opens-nothing");
    }
    Object with(const std::string& field, const Value& value) const {
        auto config = server_->config("repository");
        config.set(field, value);
        return config;
    }
    /// With the secret in a file on the agent's machine, which only the agent sees.
    Object withFile(const std::string& field, const std::string& content) {
        writeFile(dir_ / "secret.txt", content);
        auto config = with(field, Value());
        config.set(field + "_file", (dir_ / "secret.txt").string());
        return config;
    }
    /// The fields for which such a repository is refused.
    std::vector<std::string> pointersOf(const Object& config) {
        return api()
            .send("PUT", "/api/v1/restic/repositories/" + repositoryId_, admin_,
                  Object{{"name", "repository"},
                         {"type", server_->kind()},
                         {"config", config},
                         {"password", kRepositoryPassword}})
            .pointers();
    }
};
/// The agent is there first.
class StorageTest : public StorageAnswers {
protected:
    void SetUp() override { ASSERT_NO_FATAL_FAILURE(beginWith(GetParam())); }
    void serve(std::unique_ptr<StorageServer> server) {
        server_ = std::move(server);
        makeRepository();
    }
};
/// The agent's environment leads it to the server.
class StorageInTheCloud : public StorageAnswers {
protected:
    void serve(std::unique_ptr<StorageServer> server) {
        server_ = std::move(server);
        restic_ = GetParam().program;
    }
    void begin() {
        ASSERT_NO_FATAL_FAILURE(beginWith(GetParam()));
        makeRepository();
    }
};
INSTANTIATE_TEST_SUITE_P(Restic, StorageTest, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });
INSTANTIATE_TEST_SUITE_P(Restic, StorageInTheCloud, testing::ValuesIn(restics()),
                         [](const auto& instance) { return instance.param.name; });

TEST_P(StorageTest, OfARestServerSaysWhatIsWrong) {
    serve(startRestServer(dir_ / "server"));
    EXPECT_EQ(errorOfWrongPassword(), "AuthenticationFailed");
    EXPECT_EQ(errorOf(with("password", "canary-that-is-wrong")), "InvalidCredentials");
    EXPECT_EQ(errorOf(with("password", Value())), "InvalidCredentials");
    EXPECT_EQ(errorOf(server_->config("repository"), ""), "CertificateError");
    EXPECT_EQ(errorOf(with("url", "https://127.0.0.1:" + std::to_string(freePort()) + "/a/")),
              "BackendUnavailable");
    EXPECT_EQ(errorOf(with("url", "https://storage.invalid/a/")), "NetworkError");
}

TEST_P(StorageTest, OfAnSftpServerSaysWhatIsWrong) {
    serve(startSftpServer(dir_ / "server"));
    EXPECT_EQ(errorOfWrongPassword(), "AuthenticationFailed");
    const auto stranger = startSftpServer(dir_ / "stranger");
    EXPECT_EQ(errorOf(with("key", stranger->config("").find("key")->string()->c_str())), "SSHKeyInvalid");
    EXPECT_EQ(errorOf(with("key",
                           "-----BEGIN OPENSSH PRIVATE KEY-----\nnone\n-----END OPENSSH PRIVATE KEY-----\n")),
              "SSHKeyInvalid");
    EXPECT_EQ(errorOf(with("port", stranger->port())), "CertificateError") << "nobody vouched for its key";
    EXPECT_EQ(errorOf(with("known_hosts", stranger->config("").find("known_hosts")->string()->c_str())),
              "CertificateError")
        << "another server is vouched for";
    EXPECT_EQ(pointersOf(with("known_hosts", "no key of a server")),
              std::vector<std::string>{"/config/known_hosts"});
    auto byFile = with("known_hosts", Value());
    const auto file = dir_ / "known, hosts"; // what any file may be called
    writeFile(file, *server_->config("").find("known_hosts")->string());
    byFile.set("known_hosts_file", file.string());
    byFile.set("port", freePort());
    EXPECT_EQ(errorOf(byFile), "BackendUnavailable");
    byFile.set("port", server_->port());
    EXPECT_EQ(errorOf(byFile, server_->authority(), "canary-that-opens-nothing"), "AuthenticationFailed")
        << "the server was let in by the file";
    EXPECT_EQ(errorOf(with("port", freePort())), "BackendUnavailable");
    EXPECT_EQ(errorOf(with("host", "storage.invalid")), "NetworkError");
}

TEST_P(StorageTest, OfAnS3ServerSaysWhatIsWrong) {
    serve(startS3Server(dir_ / "server"));
    EXPECT_EQ(errorOfWrongPassword(), "AuthenticationFailed");
    EXPECT_EQ(errorOf(with("access_key_id", "NOBODYSKEY")), "InvalidCredentials");
    EXPECT_EQ(errorOf(with("bucket", "no-such-bucket")), "BucketNotFound");
    EXPECT_EQ(errorOf(server_->config("repository"), ""), "CertificateError");
    EXPECT_EQ(errorOf(with("endpoint", "https://127.0.0.1:" + std::to_string(freePort()))),
              "BackendUnavailable");
    EXPECT_EQ(errorOf(with("endpoint", "https://storage.invalid")), "NetworkError");
}

TEST_P(StorageInTheCloud, OfAzureSaysWhatIsWrong) {
    serve(startAzureServer(dir_ / "server"));
    if (lacksKind())
        return; // Storage.ARepositoryIsTested…
    begin();
    EXPECT_EQ(errorOfWrongPassword(), "AuthenticationFailed");
    EXPECT_EQ(errorOf(with("account_key", "bm90IHRoZSBrZXkgb2YgdGhpcyBhY2NvdW50")), "InvalidCredentials");
    EXPECT_EQ(errorOf(with("container", "no-such-container")), "BucketNotFound");
    // That of 0.14 tries again without a word, until the time is over.
    const bool silent = runTool(restic_, {"version"}).output.starts_with("restic 0.14");
    EXPECT_EQ(errorOf(server_->config("repository"), ""), silent ? "NetworkTimeout" : "CertificateError");
    EXPECT_EQ(pointersOf(with("account_key", "&&&")), std::vector<std::string>{"/config/account_key"});
    EXPECT_EQ(errorOf(withFile("account_key", "&&&")), "InvalidCredentials");
}

TEST_P(StorageInTheCloud, OfGoogleSaysWhatIsWrong) {
    serve(startGcsServer(dir_ / "server"));
    begin();
    EXPECT_EQ(errorOfWrongPassword(), "AuthenticationFailed");
    const auto stranger = readFile(makeServiceAccount(dir_ / "server", "stranger", "of-the-tests"));
    EXPECT_EQ(errorOf(with("credentials", stranger)), "InvalidCredentials");
    EXPECT_EQ(errorOf(server_->config("repository"), ""), "CertificateError");
    EXPECT_EQ(pointersOf(with("credentials", "no JSON")), std::vector<std::string>{"/config/credentials"});
    EXPECT_EQ(errorOf(withFile("credentials", "no JSON")), "InvalidCredentials");
    EXPECT_EQ(errorOf(withFile("credentials", R"({"type":"service_account","private_key":"none"})")),
              "InvalidCredentials");
    auto token = server_->config("repository");
    token.set("credentials", Value());
    token.set("access_token", "canary-of-a-token");
    EXPECT_EQ(errorOf(token), "InvalidCredentials");
}

TEST_P(StorageInTheCloud, AMissingBucketOfGoogleIsMadeByInit) {
    serve(startGcsServer(dir_ / "server"));
    ASSERT_NO_FATAL_FAILURE(beginWith(GetParam()));
    const auto repository = registered("new", "gcs", with("bucket", "made-by-restic"), server_->authority());
    // That of 0.19 does not recognise its own word for it, and says so.
    if (runTool(restic_, {"version"}).output.starts_with("restic 0.19")) {
        EXPECT_EQ(failTest(repository).stringOr("error"), "BucketNotFound");
        return;
    }
    EXPECT_EQ(fieldOf(succeed(start("init", repository)), "created"), "true");
    EXPECT_EQ(fieldOf(succeed(startTest(repository)), "found"), "true");
}

TEST_P(StorageTest, AMissingBucketIsMadeByInit) {
    server_ = startS3Server(dir_ / "server");
    const auto repository = registered("new", "s3", with("bucket", "made-by-restic"), server_->authority());
    EXPECT_EQ(fieldOf(succeed(start("init", repository)), "created"), "true");
    EXPECT_EQ(fieldOf(succeed(startTest(repository)), "found"), "true");
}

TEST_P(StorageTest, AWrongCertificateEndsAnInitWithItsName) {
    server_ = startRestServer(dir_ / "server");
    const auto id = start("init", registered("untrusted", "rest", server_->config("untrusted")));
    EXPECT_EQ(outcome(id), "failed");
    EXPECT_NE(fieldOf(task(id), "error").find("CertificateError"), std::string::npos)
        << core::json::write(task(id));
}

TEST_P(StorageTest, OfAKindThatThisResticLacksSaysSo) {
    // That of 0.14 tries again without a word, until the time is over.
    const bool hasAll = runTool(restic_, {"version"}).output.starts_with("restic 0.14");
    const auto error = failTest(registered("cloud", "azure",
                                           {{"account_name", "devstoreaccount1"},
                                            {"container", "backups"},
                                            {"account_key", "Y2FuYXJ5LW9mLWF6dXJl"},
                                            {"endpoint_suffix", "storage.invalid"}}));
    EXPECT_EQ(error.stringOr("error"), hasAll ? "NetworkTimeout" : "BackendUnsupported")
        << core::json::write(error);
}

TEST_P(StorageTest, OfAPlaceThatOnceHeldARepositorySaysThatItIsGone) {
    const auto id = repository(repository_, "on-disk");
    EXPECT_EQ(succeed(startTest(id)).stringOr("outcome"), "success") << "nothing is there yet";
    EXPECT_FALSE(std::filesystem::exists(repository_)) << "a test changes nothing";
    succeed(start("init", id));
    std::filesystem::rename(repository_, dir_ / "elsewhere");
    EXPECT_EQ(failTest(id).stringOr("error"), "RepositoryNotFound");
    writeFile(repository_ / "something", "else");
    EXPECT_EQ(failTest(id).stringOr("error"), "RepositoryNotFound");
}

} // namespace
} // namespace test
