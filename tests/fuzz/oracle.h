#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace fuzz {

/// Ends the program, which libFuzzer reports with the input, unless `holds`.
inline void require(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

/// Numbers that depend on the input alone, so that the input stays plain text and every run is repeatable.
class Numbers {
public:
    explicit Numbers(std::string_view input) {
        for (const char c : input)
            state_ = (state_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
    /// From 0 to `bound` - 1.
    std::uint64_t below(std::uint64_t bound) {
        state_ ^= state_ << 13U;
        state_ ^= state_ >> 7U;
        state_ ^= state_ << 17U;
        return state_ % bound;
    }

private:
    std::uint64_t state_ = 14695981039346656037ULL;
};

} // namespace fuzz
