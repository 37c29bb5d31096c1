#include <fstream>
#include <sstream>

#include "sdk/sdk_fixture.h"

namespace test {
namespace {

struct Block {
    int line = 0;
    std::string language;
    std::string from; ///< the file that the comment before it names
    std::string text;
};

/// The code blocks of a Markdown file. `<!-- from: PATH -->` on the line before names the source.
std::vector<Block> blocksOf(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::vector<Block> blocks;
    std::string line, from;
    bool inside = false;
    for (int number = 1; std::getline(in, line); ++number) {
        if (inside) {
            inside = line != "```";
            if (inside)
                blocks.back().text += line + "\n";
        } else if (line.starts_with("```")) {
            blocks.push_back({number, line.substr(3), from, {}});
            inside = true;
            from.clear();
        } else if (line.starts_with("<!-- from: ")) {
            from = line.substr(11, line.find(" -->") - 11);
        } else if (!line.empty()) {
            from.clear();
        }
    }
    return blocks;
}

class Guide : public SdkTest {};

/// What the guide shows is what the tests compile: each block stands in a file of the module that its own
/// commands made, or in one of the consumer. The shell blocks are run by the step sdk_guide.
TEST_F(Guide, EveryBlockIsPartOfWhatWasBuilt) {
    const auto blocks = blocksOf(source() / "docs/module-sdk.md");
    int compared = 0;
    for (const auto& block : blocks) {
        const auto where = "docs/module-sdk.md, line " + std::to_string(block.line);
        if (block.language == "sh")
            continue; // run by the step sdk_guide
        ASSERT_FALSE(block.from.empty()) << where << " names no source";
        const auto file = (block.from.starts_with("guestbook/") ? folder() / "guide" : folder()) / block.from;
        const auto text = readFile(file);
        ASSERT_FALSE(text.empty()) << where << ": there is no " << file;
        EXPECT_NE(text.find(block.text), std::string::npos)
            << where << " is not what stands in " << file << ":\n"
            << block.text;
        ++compared;
    }
    EXPECT_GE(compared, 8);
    EXPECT_TRUE(
        std::filesystem::exists(folder() / "guide/guestbook/build/lib/ae-backend/modules/guestbook.so"));
}

} // namespace
} // namespace test
