#pragma once

#include <cmath>
#include <stdexcept>
#include <vector>

namespace test {

/// How much something grew while it was sampled: the line of least squares through the means of twenty blocks
/// of samples, of which what happens often, and so is alike in neighbouring samples, has averaged out.
struct Trend {
    double mean;   ///< of all
    double growth; ///< along the line, from the first sample to the last
    double least;  ///< the lower end of the growth's 95 % interval
    double most;
};

/// Throws std::invalid_argument for fewer than two samples a block.
inline Trend trendOf(const std::vector<double>& samples) {
    constexpr std::size_t kBlocks = 20;
    constexpr double kStudent = 2.101; // 95 %, with kBlocks - 2 degrees of freedom
    if (samples.size() < 2 * kBlocks)
        throw std::invalid_argument("too few samples for a trend");
    std::vector<double> blocks(kBlocks, 0);
    for (std::size_t i = 0; i < kBlocks; ++i) {
        const auto from = i * samples.size() / kBlocks, to = (i + 1) * samples.size() / kBlocks;
        for (auto at = from; at < to; ++at)
            blocks[i] += samples[at] / static_cast<double>(to - from);
    }
    const double middle = (kBlocks - 1) / 2.0;
    double mean = 0, along = 0, spread = 0;
    for (std::size_t i = 0; i < kBlocks; ++i) {
        mean += blocks[i] / kBlocks;
        along += (static_cast<double>(i) - middle) * blocks[i];
        spread += (static_cast<double>(i) - middle) * (static_cast<double>(i) - middle);
    }
    const double slope = along / spread;
    double residual = 0;
    for (std::size_t i = 0; i < kBlocks; ++i) {
        const double off = blocks[i] - mean - slope * (static_cast<double>(i) - middle);
        residual += off * off;
    }
    const double half = kStudent * std::sqrt(residual / (kBlocks - 2) / spread);
    return {mean, slope * kBlocks, (slope - half) * kBlocks, (slope + half) * kBlocks};
}

} // namespace test
