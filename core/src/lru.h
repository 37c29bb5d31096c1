#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace core {

/// A bounded map from text that forgets what was used longest ago. Not thread-safe.
template <typename T>
class LruMap {
public:
    explicit LruMap(std::size_t capacity) : capacity_(capacity) {}

    /// The value, now the most recently used; null if there is none.
    T* find(std::string_view key) {
        const auto at = index_.find(key);
        if (at == index_.end())
            return nullptr;
        order_.splice(order_.begin(), order_, at->second);
        return &at->second->second;
    }
    T& add(std::string key, T value) {
        return add(std::move(key), std::move(value), [](T&) {});
    }
    /// Adds a value that is not there yet. When full, the oldest is given to `evicted` first.
    template <typename F>
    T& add(std::string key, T value, F&& evicted) {
        if (!order_.empty() && order_.size() >= capacity_) {
            evicted(order_.back().second);
            index_.erase(order_.back().first);
            order_.pop_back();
        }
        // In both or in neither, also where there is no memory.
        Order added;
        added.emplace_front(std::move(key), std::move(value));
        index_.emplace(added.front().first, added.begin());
        order_.splice(order_.begin(), added);
        return order_.front().second;
    }
    void erase(std::string_view key) {
        const auto at = index_.find(key);
        if (at == index_.end())
            return;
        const auto node = at->second;
        index_.erase(at);
        order_.erase(node);
    }
    template <typename P>
    void eraseIf(P&& predicate) {
        for (auto it = order_.begin(); it != order_.end();)
            if (predicate(it->second)) {
                index_.erase(it->first);
                it = order_.erase(it);
            } else {
                ++it;
            }
    }
    void clear() {
        index_.clear();
        order_.clear();
    }

private:
    using Order = std::list<std::pair<std::string, T>>;
    std::size_t capacity_;
    Order order_;
    std::map<std::string_view, typename Order::iterator, std::less<>> index_;
};

} // namespace core
