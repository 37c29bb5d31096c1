#include "core/certificate.h"

#include <gmock/gmock.h>

#include "core/testing/temp_dir.h"
#include "support/certificates.h"

namespace test {
namespace {

using core::Certificate;
using core::testkit::readFile;
using core::testkit::TempDir;
using core::testkit::writeFile;
using testing::HasSubstr;

TEST(Certificates, AreReadInTheFilesOrder) {
    const TempDir folder;
    const auto own = makeCertificate(folder.path(), "web, and more");
    const auto ca = makeCertificate(folder.path(), "ca", {.algorithm = "rsa:2048", .days = 365 * 40});
    const auto both = folder.path() / "both.pem";
    writeFile(both, readFile(own.certificate) + readFile(own.key) + readFile(ca.certificate));
    const auto now = core::SystemClock().now();
    const auto read = core::readCertificates(both).value();
    ASSERT_EQ(read.size(), 2U);
    EXPECT_EQ(read[0].subject, "CN=web\\, and more");
    EXPECT_LE(read[0].validFrom, now);
    EXPECT_NEAR(std::chrono::duration<double>(read[0].expiresAt - now).count(), 30 * 86400.0, 120);
    EXPECT_EQ(read[1].subject, "CN=ca");
    // Years from 2050 on are written in another form.
    EXPECT_NEAR(std::chrono::duration<double>(read[1].expiresAt - now).count(), 365 * 40 * 86400.0, 120);
}

TEST(Certificates, WhatIsNoneIsSaid) {
    const TempDir folder;
    const auto refused = [&](const std::string& name, const std::string& content) {
        writeFile(folder.path() / name, content);
        const auto read = core::readCertificates(folder.path() / name);
        EXPECT_FALSE(read) << name;
        return read ? std::string() : std::string(read.error().what());
    };
    EXPECT_THAT(refused("empty.pem", ""), HasSubstr("empty.pem cannot be used"));
    EXPECT_THAT(refused("text.pem", "no certificate\n"), HasSubstr("no certificate"));
    EXPECT_THAT(refused("key.pem", readFile(makeCertificate(folder.path(), "own").key)),
                HasSubstr("no certificate"));
    EXPECT_THAT(refused("cut.pem", readFile(folder.path() / "own.crt").substr(0, 200)),
                HasSubstr("no certificate"));
    EXPECT_THAT(core::readCertificates(folder.path() / "none.pem").error().what(),
                HasSubstr("none.pem cannot be used: it cannot be opened"));
}

TEST(Certificates, AreReplacedTwoWeeksBeforeTheirEnd) {
    const auto at = [](const char* text) { return core::parseInstant(text).value(); };
    const Certificate one{"CN=one", at("2030-01-01T00:00:00Z"), at("2030-04-01T00:00:00Z")};
    const auto problem = [&](const char* now) { return core::certificateProblem(one, at(now)).value_or(""); };
    EXPECT_EQ(problem("2029-12-31T23:59:59Z"),
              "It is valid from 2030-01-01 on only; look at this machine's clock.");
    EXPECT_EQ(problem("2030-01-01T00:00:00Z"), "");
    EXPECT_EQ(problem("2030-03-17T23:59:59Z"), "");
    EXPECT_EQ(problem("2030-03-18T00:00:00Z"),
              "It ends on 2030-04-01; replace it, or look at what should have renewed it.");
    EXPECT_EQ(problem("2030-03-31T23:59:59Z"),
              "It ends on 2030-04-01; replace it, or look at what should have renewed it.");
    EXPECT_EQ(problem("2030-04-01T00:00:00Z"), "It ended on 2030-04-01; replace it.");
}

} // namespace
} // namespace test
