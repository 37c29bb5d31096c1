#include "restic/cli/ssh_log.h"

#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "restic/cli/verdict.h"

namespace test {
namespace {
using restic::cli::SshLog;

void append(const SshLog& log, std::string_view text) {
    std::ofstream(log.path(), std::ios::binary | std::ios::app) << text;
}

TEST(SshLog, LinesAreThoseThatResticWouldHavePassedOn) {
    const SshLog log;
    EXPECT_EQ(log.text(), "");
    append(log, "Host key verification failed.\r\n");
    append(log, "\r\nlast words");
    EXPECT_EQ(log.text(), "subprocess ssh: Host key verification failed.\nsubprocess ssh: last words\n");
    EXPECT_EQ(restic::cli::headline("Fatal: unable to start the sftp session, error: EOF\n" + log.text()),
              "subprocess ssh: last words");
}

TEST(SshLog, AnEndlessOneIsCut) {
    const SshLog log;
    append(log, std::string(100'000, 'x'));
    EXPECT_EQ(log.text().size(), std::string_view("subprocess ssh: ").size() + 65536 + 1);
}

TEST(SshLog, OfAUserIsAFileOfThatUserAndGoneWithIt) {
    std::string path;
    {
        SshLog log(::geteuid(), ::getegid());
        path = log.path();
        append(log, "no\n");
        const SshLog moved(std::move(log));
        EXPECT_EQ(moved.text(), "subprocess ssh: no\n");
    }
    EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

} // namespace
} // namespace test
