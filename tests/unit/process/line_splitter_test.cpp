#include "core/line_splitter.h"

#include <vector>

#include <gtest/gtest.h>

namespace {
std::vector<std::string> split(core::LineSplitter& splitter, std::string_view bytes, std::size_t step) {
    std::vector<std::string> lines;
    const auto collect = [&](std::string_view line) { lines.emplace_back(line); };
    for (std::size_t at = 0; at < bytes.size(); at += step)
        splitter.feed(bytes.substr(at, step), collect);
    splitter.finish(collect);
    return lines;
}

TEST(LineSplitter, CutsTheSameLinesHoweverTheBytesArrive) {
    const std::string_view bytes = "one\ntwo\r\n\nthree";
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        core::LineSplitter splitter;
        EXPECT_EQ(split(splitter, bytes, step), (std::vector<std::string>{"one", "two", "", "three"}))
            << step;
    }
}

TEST(LineSplitter, LongLinesAreCutOnceWithAMarker) {
    const std::string bytes = std::string(25, 'x') + "\nshort\n" + std::string(10, 'y') + "\n";
    for (const std::size_t step : {1U, 3U, 100U}) {
        core::LineSplitter splitter(10);
        EXPECT_EQ(split(splitter, bytes, step),
                  (std::vector<std::string>{std::string(10, 'x') + " [cut]", "short", std::string(10, 'y')}));
    }
}

TEST(LineSplitter, StartsAfreshAfterFinish) {
    core::LineSplitter splitter(4);
    EXPECT_EQ(split(splitter, "123456", 2), (std::vector<std::string>{"1234 [cut]"}));
    EXPECT_EQ(split(splitter, "ab", 1), (std::vector<std::string>{"ab"}));
    EXPECT_EQ(split(splitter, "", 1), (std::vector<std::string>{}));
}
} // namespace
