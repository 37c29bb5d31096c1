#include "restic/cli/array_elements.h"

#include <gtest/gtest.h>

#include "core/testing/temp_dir.h"

namespace {
using core::testkit::TempDir;
using core::testkit::writeFile;

class ArrayElementsTest : public testing::Test {
protected:
    bool read(const std::string& text, std::uint64_t offset = 0) {
        elements.clear();
        writeFile(dir / "stdout", text);
        return restic::cli::ArrayElements::read(dir / "stdout", offset,
                                                [this](std::string_view one) { elements.emplace_back(one); });
    }
    TempDir dir;
    std::vector<std::string> elements;
};

TEST_F(ArrayElementsTest, AreDeliveredOneByOneWhateverTheirTextsHold) {
    ASSERT_TRUE(read(R"([{"a":"],[{\"","b":[1,[2]]}, {"c":{"d":"\\"}},3])"
                     "\n"));
    EXPECT_EQ(elements,
              (std::vector<std::string>{R"({"a":"],[{\"","b":[1,[2]]})", R"({"c":{"d":"\\"}})", "3"}));
    ASSERT_TRUE(read("[]"));
    EXPECT_TRUE(elements.empty());
}

TEST_F(ArrayElementsTest, LinesBeforeTheListAndWhatIsBehindItAreNoElements) {
    ASSERT_TRUE(read("loading indexes [x]\n[{\"a\":1}]\n[{\"b\":2}]\n"));
    EXPECT_EQ(elements, std::vector<std::string>{"{\"a\":1}"});
    ASSERT_TRUE(read("[{\"old\":1}]\n[{\"new\":1}]\n", 12));
    EXPECT_EQ(elements, std::vector<std::string>{"{\"new\":1}"});
}

TEST_F(ArrayElementsTest, AListThatIsCutOffIsNotWhole) {
    EXPECT_FALSE(read("[{\"a\":1},{\"b\":"));
    EXPECT_EQ(elements, std::vector<std::string>{"{\"a\":1}"});
    EXPECT_FALSE(read(""));
    EXPECT_FALSE(read("nothing\n"));
    EXPECT_FALSE(restic::cli::ArrayElements::read(dir / "absent", 0, [](std::string_view) {}));
}
} // namespace
