#pragma once

#include <atomic>
#include <cstdint>

namespace core::http {

/// A place that was counted already, and is given back unless keep() is reached.
class Taken {
public:
    explicit Taken(std::atomic<std::uint64_t>& counter) noexcept : counter_(&counter) {}
    ~Taken() {
        if (counter_ != nullptr)
            --*counter_;
    }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;

    void keep() noexcept { counter_ = nullptr; }

private:
    std::atomic<std::uint64_t>* counter_;
};

} // namespace core::http
