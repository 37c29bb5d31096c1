// Request heads and bodies, pipelined: what is read must not depend on the pieces in which the bytes arrive,
// and must keep to the limits.
#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/oracle.h"
#include "http/body_reader.h"
#include "http/head_parser.h"

using namespace core::http;
using fuzz::require;

namespace {

constexpr HeadLimits kLimits{.maxBytes = 512, .maxFields = 8, .maxValueBytes = 128, .maxTargetBytes = 96};
constexpr std::size_t kBodyLimit = 64;

bool isClean(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

std::string describe(const Head& head) {
    require(!head.method.empty() && isClean(head.method) && isClean(head.path) && isClean(head.query),
            "a clean request line");
    require(head.path.starts_with('/'), "a path begins with a slash");
    require(head.path.size() + head.query.size() <= kLimits.maxTargetBytes, "the limit of the target");
    require(head.headers.fields().size() <= kLimits.maxFields, "the limit of fields");
    require(!(head.chunked && head.contentLength), "one way to end a body");
    std::string text = head.method + " " + head.path + "?" + head.query + "\n";
    int hosts = 0;
    for (const auto& [name, value] : head.headers.fields()) {
        require(!name.empty() && isClean(name) && isClean(value), "clean fields");
        require(value.size() <= kLimits.maxValueBytes, "the limit of a value");
        hosts += equalNoCase(name, "Host") ? 1 : 0;
        text += name + ":" + value + "\n";
    }
    require(hosts <= 1, "one Host");
    text += head.keepAlive ? "keep" : "close";
    text += head.chunked ? " chunked" : "";
    text += head.expectContinue ? " expect" : "";
    return text + (head.contentLength ? " " + std::to_string(*head.contentLength) : "") + "\n";
}

/// A connection as the event loop reads it: everything that happened on it, as text.
class Connection {
public:
    void arrive(std::string_view piece) {
        if (ended_)
            return;
        in_ += piece;
        while (!ended_ && step()) {
        }
    }
    std::string story;

private:
    /// False: more must arrive first.
    bool step() {
        if (!body_) {
            const auto progress = parser_.feed(in_);
            if (progress == HeadParser::Progress::incomplete) {
                require(in_.size() <= kLimits.maxBytes, "the limit of an unfinished head");
                return false;
            }
            if (progress == HeadParser::Progress::refused) {
                require(parser_.refusal().status >= 400 && !parser_.refusal().message.empty(), "a reason");
                return end(std::to_string(parser_.refusal().status) + " " + parser_.refusal().message);
            }
            require(parser_.consumed() <= std::min(in_.size(), kLimits.maxBytes), "the limit of a head");
            in_.erase(0, parser_.consumed());
            story += describe(parser_.head());
            body_.emplace(parser_.head(), kBodyLimit);
        }
        switch (body_->feed(in_)) {
        case BodyReader::Progress::incomplete:
            require(body_->body().size() <= kBodyLimit && in_.size() <= 1024,
                    "the limits of an unfinished body");
            return false;
        case BodyReader::Progress::tooLarge:
            return end("too large");
        case BodyReader::Progress::malformed:
            return end("malformed body");
        case BodyReader::Progress::complete:
            require(body_->body().size() <= kBodyLimit, "the limit of a body");
            story += "[" + body_->body() + "]\n";
            body_.reset();
            parser_ = HeadParser(kLimits);
            return !in_.empty();
        }
        return false;
    }
    bool end(const std::string& why) {
        story += why;
        ended_ = true;
        return false;
    }

    HeadParser parser_{kLimits};
    std::optional<BodyReader> body_;
    std::string in_;
    bool ended_ = false;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    Connection whole;
    whole.arrive(input);

    Connection bytes;
    for (std::size_t i = 0; i < size; ++i)
        bytes.arrive(input.substr(i, 1));
    require(bytes.story == whole.story, "byte by byte as in one piece");

    fuzz::Numbers numbers(input);
    Connection pieces;
    for (std::string_view rest = input; !rest.empty();) {
        const auto piece = rest.substr(0, 1 + numbers.below(64));
        pieces.arrive(piece);
        rest.remove_prefix(piece.size());
    }
    require(pieces.story == whole.story, "in pieces as in one piece");
    return 0;
}
