#include "secret_mask.h"

#include <algorithm>
#include <cstring>

#include "core/encoding.h"
#include "core/json.h"

namespace core {

namespace {
std::uint32_t startOf(const char* text) {
    std::uint32_t start = 0;
    std::memcpy(&start, text, sizeof start);
    return start;
}

std::uint32_t hashOf(std::uint32_t start) {
    return (start * 2654435761U) >> 16U;
}

/// As in a JSON string, without the quotes.
std::string escaped(std::string_view text) {
    std::string quoted;
    json::writeString(text, quoted);
    return quoted.substr(1, quoted.size() - 2);
}

/// Go's programs, restic among them, write these three as numbers.
std::string escapedByGo(std::string_view text) {
    std::string out;
    for (const char c : escaped(text))
        if (c == '<')
            out += "\\u003c";
        else if (c == '>')
            out += "\\u003e";
        else if (c == '&')
            out += "\\u0026";
        else
            out += c;
    return out;
}

/// The part of the base64 of anything that has the text in it `offset` bytes (mod 3) after its start which
/// the text alone decides.
std::string base64Within(std::string_view text, std::size_t offset) {
    const std::string padded = std::string(offset, '\0') + std::string(text);
    const std::size_t whole = padded.size() / 3 * 3; // the last group has other bytes in it
    std::string encoded = base64UrlEncode(std::string_view(padded).substr(0, whole));
    constexpr std::size_t kSpoiled[] = {0, 2, 3}; // characters that the bytes before have a part in
    return encoded.size() > kSpoiled[offset] ? encoded.substr(kSpoiled[offset]) : std::string();
}
} // namespace

void SecretMask::addForm(std::string form) {
    if (form.size() < kShortest)
        return;
    const auto [place, isNew] = forms_.insert(std::move(form));
    if (!isNew)
        return;
    const std::uint32_t start = startOf(place->data());
    auto& same = byStart_[start]; // the longest first
    same.insert(std::partition_point(same.begin(), same.end(),
                                     [&](std::string_view other) { return other.size() >= place->size(); }),
                *place);
    const std::uint32_t hash = hashOf(start);
    filter_[hash / 64] |= std::uint64_t{1} << (hash % 64);
}

void SecretMask::add(std::string_view secret) {
    if (secret.size() < kShortest)
        return;
    std::vector<std::string> plain{std::string(secret), percentEncode(secret)};
    for (std::size_t offset = 0; offset < 3; ++offset) {
        plain.push_back(base64Within(secret, offset));
        std::string standard = plain.back();
        std::replace(standard.begin(), standard.end(), '-', '+');
        std::replace(standard.begin(), standard.end(), '_', '/');
        plain.push_back(std::move(standard));
    }
    // What is split into lines, a key in PEM say, is logged line by line.
    if (secret.find('\n') != std::string_view::npos)
        for (std::size_t at = 0; at < secret.size();) {
            const auto end = std::min(secret.find('\n', at), secret.size());
            std::string_view line = secret.substr(at, end - at);
            if (line.ends_with('\r'))
                line.remove_suffix(1);
            plain.emplace_back(line);
            at = end + 1;
        }
    for (auto& form : plain) {
        addForm(escaped(form));
        addForm(escaped(escaped(form)));
        addForm(escapedByGo(form));
        addForm(escaped(escapedByGo(form)));
        addForm(std::move(form));
    }
}

std::string SecretMask::apply(std::string_view text) const {
    std::string out;
    std::size_t copied = 0;
    for (std::size_t at = 0; !forms_.empty() && at + kShortest <= text.size();) {
        const std::uint32_t start = startOf(text.data() + at);
        const std::uint32_t hash = hashOf(start);
        std::size_t length = 0;
        if ((filter_[hash / 64] >> (hash % 64) & 1U) != 0)
            if (const auto found = byStart_.find(start); found != byStart_.end())
                for (const std::string_view form : found->second)
                    if (text.substr(at, form.size()) == form) {
                        length = form.size();
                        break;
                    }
        if (length == 0) {
            ++at;
            continue;
        }
        out.append(text, copied, at - copied);
        out += "***";
        at += length;
        copied = at;
    }
    out.append(text, copied);
    return out;
}

} // namespace core
