#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/http/version.h"

namespace core::http {
namespace {

Request that(const char* condition) {
    Request request;
    if (condition != nullptr)
        request.headers.add("If-Match", condition);
    return request;
}

TEST(Version, IsRequiredOnlyWhereTheClientNamesOne) {
    EXPECT_FALSE(namesVersion(that(nullptr)));
    EXPECT_NO_THROW(requireVersion(that(nullptr), "now"));
    EXPECT_TRUE(namesVersion(that("*")));
    EXPECT_NO_THROW(requireVersion(that("*"), "now"));
}

TEST(Version, OfAnotherStateIsRefused) {
    const auto now = versionTag("now");
    EXPECT_NE(now, versionTag("before"));
    EXPECT_NO_THROW(requireVersion(that(now.c_str()), "now"));
    EXPECT_NO_THROW(requireVersion(that(now.substr(2).c_str()), "now")) << "a strong tag";
    EXPECT_NO_THROW(requireVersion(that(("\"x\", " + now).c_str()), "now")) << "one of several";
    for (const std::string& other : {versionTag("before"), std::string("\"x\""), std::string()})
        try {
            requireVersion(that(other.c_str()), "now");
            FAIL() << other;
        } catch (const Error& error) {
            EXPECT_EQ(error.status(), 412) << other;
        }
}

TEST(Version, GoesOutAsEtag) {
    EXPECT_EQ(withVersion(Response::empty(200), "now").headers.get("ETag"), versionTag("now"));
}

} // namespace
} // namespace core::http
