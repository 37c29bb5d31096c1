#include "restic/cli/array_elements.h"

#include <array>
#include <fstream>
#include <string>

namespace restic::cli {
namespace {
/// One pass over the characters.
class Scanner {
public:
    explicit Scanner(const std::function<void(std::string_view)>& element) : element_(element) {}

    void take(char c) {
        if (ended_)
            return;
        if (depth_ == 0)
            takeOutside(c);
        else
            takeInside(c);
    }
    [[nodiscard]] bool ended() const noexcept { return ended_; }
    [[nodiscard]] bool leftOut() const noexcept { return leftOut_; }

private:
    void takeOutside(char c) {
        if (c == '[' && lineBegins_)
            depth_ = 1;
        lineBegins_ = c == '\n' || (lineBegins_ && (c == ' ' || c == '\t' || c == '\r'));
    }
    void takeInside(char c) {
        if (inString_) {
            keep(c);
            if (escaped_)
                escaped_ = false;
            else if (c == '\\')
                escaped_ = true;
            else if (c == '"')
                inString_ = false;
            return;
        }
        if (depth_ == 1 && (c == ',' || c == ']')) {
            deliver();
            ended_ = c == ']';
            return;
        }
        if (depth_ == 1 && text_.empty() && (c == ' ' || c == '\n' || c == '\t' || c == '\r'))
            return;
        keep(c);
        if (c == '"')
            inString_ = true;
        else if (c == '{' || c == '[')
            ++depth_;
        else if (c == '}' || c == ']')
            --depth_;
    }
    void keep(char c) {
        if (text_.size() < ArrayElements::kMaxElement)
            text_ += c;
        else
            tooLong_ = true;
    }
    void deliver() {
        if (!text_.empty() && !tooLong_)
            element_(text_);
        leftOut_ = leftOut_ || tooLong_;
        text_.clear();
        tooLong_ = false;
    }

    const std::function<void(std::string_view)>& element_;
    std::string text_;
    int depth_ = 0;
    bool lineBegins_ = true;
    bool inString_ = false;
    bool escaped_ = false;
    bool tooLong_ = false;
    bool ended_ = false;
    bool leftOut_ = false;
};
} // namespace

bool ArrayElements::read(const std::filesystem::path& file, std::uint64_t offset,
                         const std::function<void(std::string_view)>& element) {
    std::ifstream in(file, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(offset));
    Scanner scanner(element);
    std::array<char, 64U << 10U> buffer;
    while (in && !scanner.ended()) {
        in.read(buffer.data(), buffer.size());
        for (std::streamsize i = 0; i < in.gcount() && !scanner.ended(); ++i)
            scanner.take(buffer[static_cast<std::size_t>(i)]);
    }
    return scanner.ended() && !scanner.leftOut();
}

} // namespace restic::cli
