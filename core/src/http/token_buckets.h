#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "core/time.h"
#include "core/uuid.h"

namespace core::http {

/// What a bucket belongs to: 16 bytes, whatever the text was that made them.
class BucketKey {
public:
    explicit BucketKey(const Uuid& id) noexcept : bytes_(id.bytes()) {}
    /// Of any text; no two texts that somebody can find have the same.
    explicit BucketKey(std::string_view text);

    bool operator==(const BucketKey&) const noexcept = default;
    [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
    struct Hash {
        std::size_t operator()(const BucketKey& key) const noexcept;
    };

private:
    std::array<std::uint8_t, 16> bytes_{};
};

/// A bucket of tokens for each key: it holds `capacity` at first and at most, and gets one back every
/// `interval`. A full bucket is not stored. Of more than `maxKeys` others the one used longest ago is
/// forgotten, which makes it full. Thread-safe.
class TokenBuckets {
public:
    struct Limit {
        double capacity = 0;
        std::chrono::nanoseconds interval{0}; ///< above 0
    };
    TokenBuckets(const Clock& clock, Limit limit, std::size_t maxKeys = 50000);

    /// Takes a token if there is one. Returns how long to wait for one otherwise, 0 if it was taken.
    [[nodiscard]] std::chrono::nanoseconds take(const BucketKey& key);
    /// How long to wait until there is a token; 0 if there is one. Takes none.
    [[nodiscard]] std::chrono::nanoseconds waitFor(const BucketKey& key);
    /// Takes a token, on credit if there is none, down to as many again as the capacity.
    void charge(const BucketKey& key);
    /// Makes the bucket full.
    void refill(const BucketKey& key);
    [[nodiscard]] std::size_t size() const;

private:
    using TimePoint = std::chrono::steady_clock::time_point;
    struct Bucket {
        double tokens;
        TimePoint at; ///< when `tokens` was right
        std::list<BucketKey>::iterator use;
    };
    using Map = std::unordered_map<BucketKey, Bucket, BucketKey::Hash>;

    void fill(Bucket& bucket, TimePoint now) const;
    [[nodiscard]] std::chrono::nanoseconds wait(const Bucket& bucket) const;
    Bucket& used(const BucketKey& key, TimePoint now);
    void erase(Map::iterator at);

    const Clock& clock_;
    const Limit limit_;
    const std::size_t maxKeys_;
    mutable std::mutex mutex_;
    Map buckets_;
    std::list<BucketKey> uses_; // the one used longest ago first
};

} // namespace core::http
