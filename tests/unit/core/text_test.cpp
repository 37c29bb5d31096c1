#include "core/text.h"

#include <limits>

#include <gtest/gtest.h>

namespace core {
namespace {

TEST(Text, FormatsBytesInIecUnits) {
    EXPECT_EQ(formatBytes(0), "0 B");
    EXPECT_EQ(formatBytes(1023), "1023 B");
    EXPECT_EQ(formatBytes(1024), "1.00 KiB");
    EXPECT_EQ(formatBytes(13107200), "12.5 MiB");
    EXPECT_EQ(formatBytes(229780750336), "214 GiB");
    EXPECT_EQ(formatBytes(std::numeric_limits<std::uint64_t>::max()), "16.0 EiB");
}

} // namespace
} // namespace core
