#include "http/token_buckets.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/encoding.h"

namespace core::http {

using std::chrono::nanoseconds;

BucketKey::BucketKey(std::string_view text) {
    const std::string hash = sha256(text);
    std::copy_n(hash.begin(), bytes_.size(), bytes_.begin());
}

std::size_t BucketKey::Hash::operator()(const BucketKey& key) const noexcept {
    // The second half is random in both kinds of keys.
    std::size_t hash = 0;
    std::memcpy(&hash, key.bytes_.data() + 8, sizeof hash);
    return hash;
}

TokenBuckets::TokenBuckets(const Clock& clock, Limit limit, std::size_t maxKeys)
    : clock_(clock), limit_(limit), maxKeys_(maxKeys) {}

void TokenBuckets::fill(Bucket& bucket, TimePoint now) const {
    const double gained = std::chrono::duration<double>(now - bucket.at) / limit_.interval;
    bucket.tokens = std::min(limit_.capacity, bucket.tokens + gained);
    bucket.at = now;
}

nanoseconds TokenBuckets::wait(const Bucket& bucket) const {
    // A token that is due must not be missed by the last bit of a double.
    const double missing = 1 - bucket.tokens;
    if (missing < 1e-9)
        return nanoseconds{0};
    return nanoseconds(std::llround(missing * static_cast<double>(limit_.interval.count())));
}

TokenBuckets::Bucket& TokenBuckets::used(const BucketKey& key, TimePoint now) {
    if (const auto found = buckets_.find(key); found != buckets_.end()) {
        uses_.splice(uses_.end(), uses_, found->second.use);
        fill(found->second, now);
        return found->second;
    }
    // Two that are full again go for each that comes, so that a burst of keys does not stay for ever.
    for (int i = 0; i < 2 && !uses_.empty(); ++i) {
        const auto oldest = buckets_.find(uses_.front());
        fill(oldest->second, now);
        if (oldest->second.tokens < limit_.capacity && buckets_.size() < maxKeys_)
            break;
        erase(oldest);
    }
    // In both or in neither, also where there is no memory.
    std::list<BucketKey> use{key};
    Bucket& bucket = buckets_.emplace(key, Bucket{limit_.capacity, now, use.begin()}).first->second;
    uses_.splice(uses_.end(), use);
    return bucket;
}

void TokenBuckets::erase(Map::iterator at) {
    uses_.erase(at->second.use);
    buckets_.erase(at);
}

nanoseconds TokenBuckets::take(const BucketKey& key) {
    const std::lock_guard lock(mutex_);
    Bucket& bucket = used(key, clock_.steady());
    const auto missing = wait(bucket);
    if (missing.count() == 0)
        bucket.tokens -= 1;
    return missing;
}

nanoseconds TokenBuckets::waitFor(const BucketKey& key) {
    const std::lock_guard lock(mutex_);
    const auto found = buckets_.find(key);
    if (found == buckets_.end())
        return nanoseconds{0};
    fill(found->second, clock_.steady());
    return wait(found->second);
}

void TokenBuckets::charge(const BucketKey& key) {
    const std::lock_guard lock(mutex_);
    Bucket& bucket = used(key, clock_.steady());
    bucket.tokens = std::max(-limit_.capacity, bucket.tokens - 1);
}

void TokenBuckets::refill(const BucketKey& key) {
    const std::lock_guard lock(mutex_);
    if (const auto found = buckets_.find(key); found != buckets_.end())
        erase(found);
}

std::size_t TokenBuckets::size() const {
    const std::lock_guard lock(mutex_);
    return buckets_.size();
}

} // namespace core::http
