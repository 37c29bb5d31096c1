// JSON: what is read can be written and read again, and is then the same; nothing is deeper than the limit.
#include <algorithm>
#include <cmath>

#include "core/json.h"
#include "fuzz/oracle.h"

using namespace core::json;
using fuzz::require;

namespace {

constexpr ParseLimits kLimits{.maxBytes = 4096, .maxDepth = 16};

int depthOf(const Value& value) {
    int inner = 0;
    if (const Array* list = value.array()) {
        for (const Value& item : *list)
            inner = std::max(inner, depthOf(item));
        return inner + 1;
    }
    if (const Object* object = value.object()) {
        for (const auto& [name, member] : object->members())
            inner = std::max(inner, depthOf(member));
        return inner + 1;
    }
    return 0;
}

/// As written: 1.0 is written as 1, which is an integer when it is read.
bool same(const Value& a, const Value& b) {
    if (a.number() && b.number())
        return *a.number() == *b.number();
    if (a.array() != nullptr && b.array() != nullptr)
        return std::equal(a.array()->begin(), a.array()->end(), b.array()->begin(), b.array()->end(), same);
    if (a.object() != nullptr && b.object() != nullptr)
        return std::equal(
            a.object()->members().begin(), a.object()->members().end(), b.object()->members().begin(),
            b.object()->members().end(),
            [](const Member& x, const Member& y) { return x.first == y.first && same(x.second, y.second); });
    return a == b;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto value = parse(input, kLimits);
    if (!value) {
        require(value.error().name() == core::errors::kMalformed.name, "one kind of refusal");
        return 0;
    }
    require(size <= kLimits.maxBytes && depthOf(value.value()) <= kLimits.maxDepth, "the limits");
    // Escapes and indentation make texts longer than the limit.
    constexpr ParseLimits kWritten{.maxBytes = 1U << 20U, .maxDepth = 16};
    const std::string text = write(value.value());
    const auto again = parse(text, kWritten);
    require(again.ok(), "what was written can be read");
    require(same(value.value(), again.value()), "what was written is what was read");
    const auto pretty = parse(writePretty(value.value()), kWritten);
    require(pretty.ok() && same(value.value(), pretty.value()), "indented it is the same");
    return 0;
}
