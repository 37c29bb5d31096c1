#include "restic/cli/error_text.h"

#include "core/encoding.h"
#include "core/text.h"
#include "restic/cli/json_message.h"

namespace restic::cli {
namespace {
constexpr std::size_t kHead = 2U << 10U;
constexpr std::size_t kTail = 6U << 10U;
} // namespace

std::string plainLine(std::string_view line) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\x1b' && i + 1 < line.size() && line[i + 1] == '[') {
            i += 2;
            while (i < line.size() && (line[i] < '@' || line[i] > '~'))
                ++i;
        } else {
            out += line[i];
        }
    }
    return core::printable(out);
}

void ErrorText::append(std::string_view line) {
    text_.append(core::toUtf8(line)).append("\n");
    if (text_.size() > kHead + kTail)
        text_ = core::toUtf8(text_.substr(0, kHead)) +
                core::toUtf8(std::string_view(text_).substr(text_.size() - kTail));
}

} // namespace restic::cli
