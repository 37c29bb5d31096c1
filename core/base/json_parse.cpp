#include <algorithm>
#include <charconv>
#include <unordered_set>

#include <Poco/JSON/Handler.h>
#include <Poco/JSON/JSONException.h>
#include <Poco/JSON/Parser.h>

#include "core/encoding.h"
#include "core/json.h"

namespace core::json {

/// Object::set() looks for the name first: a megabyte of names would take minutes.
struct Appender {
    static void append(Object& object, std::string name, Value value) {
        object.members_.emplace_back(std::move(name), std::move(value));
    }
};

namespace {

struct Refused {
    std::string reason;
};

/// Builds our values from the parser's events; Poco's own tree would keep the last of two equal names and
/// convert silently.
class Builder final : public Poco::JSON::Handler {
public:
    explicit Builder(const ParseLimits& limits) : limits_(limits) {}

    void reset() override {
        stack_.clear();
        root_ = Value();
    }
    void startObject() override { open(Value(Object())); }
    void endObject() override { close(); }
    void startArray() override { open(Value(Array())); }
    void endArray() override { close(); }
    void key(const std::string& name) override {
        Frame& frame = stack_.back();
        if (!frame.isNew(name))
            throw Refused{"a name occurs twice in one object"};
        frame.key = name;
    }
    void null() override { add(Value(nullptr)); }
    void value(int v) override { add(Value(v)); }
    void value(unsigned v) override { add(Value(static_cast<std::int64_t>(v))); }
    void value(Poco::Int64 v) override { add(Value(static_cast<std::int64_t>(v))); }
    void value(Poco::UInt64 v) override { add(Value(static_cast<std::int64_t>(v))); } // see asReals()
    void value(const std::string& v) override { add(Value(v)); }
    void value(double v) override { add(Value(v)); }
    void value(bool v) override { add(Value(v)); }

    Value take() { return std::move(root_); }

private:
    struct Frame {
        /// A set pays only where there are many.
        bool isNew(const std::string& name) {
            const auto& members = value.object()->members();
            if (members.size() < kFew)
                return std::none_of(members.begin(), members.end(),
                                    [&](const auto& member) { return member.first == name; });
            if (names.empty())
                for (const auto& [known, ignored] : members)
                    names.insert(known);
            return names.insert(name).second;
        }

        Value value;
        std::string key;
        std::unordered_set<std::string> names;
    };
    static constexpr std::size_t kFew = 16;

    void open(Value value) {
        if (stack_.size() >= static_cast<std::size_t>(limits_.maxDepth))
            throw Refused{"it is nested too deeply"};
        stack_.push_back({std::move(value), {}, {}});
    }
    void close() {
        Value done = std::move(stack_.back().value);
        stack_.pop_back();
        if (stack_.empty())
            root_ = std::move(done);
        else
            add(std::move(done));
    }
    void add(Value value) {
        Frame& frame = stack_.back();
        if (Array* list = frame.value.array())
            list->push_back(std::move(value));
        else
            Appender::append(*frame.value.object(), std::move(frame.key), std::move(value));
    }

    ParseLimits limits_;
    std::vector<Frame> stack_;
    Value root_;
};

Error malformed(const std::string& reason) {
    return Error(errors::kMalformed, "The JSON document cannot be read: " + reason + ".");
}

/// Poco's parser stops at the end of the first document and takes what follows for granted.
std::optional<std::string> checkEnvelope(std::string_view text, std::size_t maxValues) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos)
        return "it is empty";
    if (text[first] != '{' && text[first] != '[')
        return "it must be an object or an array";
    int depth = 0;
    std::size_t values = 0;
    bool inString = false;
    for (std::size_t i = first; i < text.size(); ++i) {
        const char c = text[i];
        if (inString) {
            if (c == '\\') {
                if (text.compare(i, 6, "\\u0000") == 0)
                    return "it contains a NUL character"; // Poco cuts names there and sees two equal ones
                ++i;
            } else if (c == '"')
                inString = false;
            else if (static_cast<unsigned char>(c) < 0x20)
                return "a string contains a control character";
        } else if (c == '"') {
            inString = true;
        } else if (c == ',') {
            if (++values > maxValues)
                return "it has too many values";
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (--depth == 0)
                return text.find_first_not_of(" \t\r\n", i + 1) == std::string_view::npos
                           ? std::nullopt
                           : std::optional<std::string>("something follows the document");
        }
    }
    return "it ends too early";
}
/// Integers beyond 64 bits become real numbers, by a ".0" behind them: PostgreSQL writes 1e19 out in full,
/// and what was stored must be readable again. A field that wants an integer refuses them by its own rules.
std::string asReals(std::string_view text) {
    constexpr std::size_t kDigits = 19; // of the largest
    std::string out;
    out.reserve(text.size() + 8);
    bool inString = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        out += c;
        if (inString) {
            if (c == '\\' && i + 1 < text.size())
                out += text[++i];
            else if (c == '"')
                inString = false;
        } else if (c == '"') {
            inString = true;
        } else if (c >= '0' && c <= '9') {
            const std::size_t first = i;
            while (i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9')
                out += text[++i];
            const bool whole =
                i + 1 == text.size() || std::string_view(".eE").find(text[i + 1]) == std::string_view::npos;
            // The digits behind a point or an exponent are no integer.
            const bool begins =
                first == 0 || std::string_view(".eE+").find(text[first - 1]) == std::string_view::npos;
            const bool exponent =
                first > 1 && text[first - 1] == '-' && (text[first - 2] == 'e' || text[first - 2] == 'E');
            if (!whole || !begins || exponent || i - first + 1 < kDigits)
                continue;
            std::int64_t parsed = 0;
            const char* begin = text.data() + first - (first > 0 && text[first - 1] == '-' ? 1 : 0);
            const auto result = std::from_chars(begin, text.data() + i + 1, parsed);
            if (result.ec == std::errc::result_out_of_range)
                out += ".0";
        }
    }
    return out;
}
} // namespace

Result<Value> parse(std::string_view text, const ParseLimits& limits) {
    if (text.size() > limits.maxBytes)
        return malformed("it is larger than " + std::to_string(limits.maxBytes) + " bytes");
    if (!isUtf8(text))
        return malformed("it is not UTF-8");
    if (text.find('\0') != std::string_view::npos)
        return malformed("it contains a NUL character");
    if (auto reason = checkEnvelope(text, 1024 + limits.maxBytes / 8))
        return malformed(*reason);

    Poco::SharedPtr<Builder> builder = new Builder(limits);
    Poco::JSON::Parser parser(builder);
    parser.setDepth(limits.maxDepth + 1);
    parser.setAllowComments(false);
    parser.setAllowNullByte(true); // it would refuse the letters of an escape as well; see checkEnvelope()
    try {
        parser.parse(asReals(text));
        return builder->take();
    } catch (const Refused& refused) {
        return malformed(refused.reason);
    } catch (const Poco::Exception& e) {
        // The parser's text quotes the document, which may hold a secret: the log of the caller may keep it.
        return Error(errors::kMalformed, "The JSON document cannot be read: it is not well-formed.")
            .withDetail(e.className());
    }
}

} // namespace core::json
