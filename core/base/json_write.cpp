#include <array>
#include <charconv>
#include <cmath>

#include "core/encoding.h"
#include "core/json.h"

namespace core::json {

namespace {
/// What stands in a string as it is.
constexpr auto kPlain = [] {
    std::array<bool, 256> plain{};
    for (std::size_t c = 0x20; c < plain.size(); ++c)
        plain[c] = c != '"' && c != '\\' && c != 0x7F;
    return plain;
}();
} // namespace

void writeString(std::string_view text, std::string& out) {
    std::string repaired;
    if (!isUtf8(text)) {
        repaired = toUtf8(text);
        text = repaired;
    }
    out += '"';
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (kPlain[c])
            continue;
        out.append(text, plain, i - plain);
        plain = i + 1;
        switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            out += "\\u00";
            out += "0123456789abcdef"[c >> 4U];
            out += "0123456789abcdef"[c & 0x0FU];
        }
    }
    out.append(text, plain);
    out += '"';
}

void writeNumber(double value, std::string& out) {
    if (!std::isfinite(value)) {
        out += "null";
        return;
    }
    // A double without fraction beyond the integers must not look like one: no reader of ours takes it back.
    constexpr double kBeyondIntegers = 9223372036854775808.0;
    char buffer[32];
    char* const last = buffer + sizeof buffer;
    const auto written = std::abs(value) < kBeyondIntegers
                             ? std::to_chars(buffer, last, value)
                             : std::to_chars(buffer, last, value, std::chars_format::scientific);
    out.append(buffer, written.ptr);
}

namespace {
/// indent < 0 writes compact text.
void writeValue(const Value& value, std::string& out, int indent);

void newLine(std::string& out, int indent) {
    if (indent >= 0) {
        out += '\n';
        out.append(static_cast<std::size_t>(indent) * 2, ' ');
    }
}

struct Writer {
    std::string& out;
    int indent;
    [[nodiscard]] int inner() const { return indent < 0 ? -1 : indent + 1; }

    void operator()(std::nullptr_t) const { out += "null"; }
    void operator()(bool value) const { out += value ? "true" : "false"; }
    void operator()(std::int64_t value) const { out += std::to_string(value); }
    void operator()(double value) const { writeNumber(value, out); }
    void operator()(const std::string& value) const { writeString(value, out); }
    void operator()(const Array& values) const {
        out += '[';
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i > 0)
                out += ',';
            newLine(out, inner());
            writeValue(values[i], out, inner());
        }
        if (!values.empty())
            newLine(out, indent);
        out += ']';
    }
    void operator()(const Object& object) const {
        out += '{';
        bool first = true;
        for (const auto& [name, value] : object.members()) {
            if (!first)
                out += ',';
            first = false;
            newLine(out, inner());
            writeString(name, out);
            out += indent < 0 ? ":" : ": ";
            writeValue(value, out, inner());
        }
        if (!object.empty())
            newLine(out, indent);
        out += '}';
    }
};

void writeValue(const Value& value, std::string& out, int indent) {
    std::visit(Writer{out, indent}, value.storage());
}
} // namespace

void write(const Value& value, std::string& out) {
    writeValue(value, out, -1);
}
std::string write(const Value& value) {
    std::string out;
    writeValue(value, out, -1);
    return out;
}
std::string writePretty(const Value& value) {
    std::string out;
    writeValue(value, out, 0);
    out += '\n';
    return out;
}

} // namespace core::json
