#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/testing/temp_dir.h"
#include "host/free_space.h"

namespace core::host {
namespace {

TEST(FreeSpace, ADiskWithTooLittleRoomIsNamed) {
    const testkit::TempDir dir;
    EXPECT_NO_THROW(requireFreeSpace(dir.path(), 0));
    try {
        requireFreeSpace(dir.path(), UINT64_MAX);
        FAIL() << "no disk has that much";
    } catch (const Error& error) {
        EXPECT_EQ(error.name(), errors::kUnavailable.name);
        EXPECT_THAT(error.what(), testing::HasSubstr(dir.path().string() + " is full"));
    }
}

} // namespace
} // namespace core::host
