#pragma once

#include <algorithm>
#include <chrono>

#include <Poco/Exception.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/Timespan.h>

namespace core::http {

using SteadyPoint = std::chrono::steady_clock::time_point;

[[nodiscard]] inline std::chrono::milliseconds timeLeft(SteadyPoint deadline) {
    return std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
}

/// The moment by which a call must be over.
class BoundedSocket {
public:
    virtual ~BoundedSocket() = default;
    virtual void setDeadline(SteadyPoint deadline) { deadline_ = deadline; }
    /// The one that this socket is.
    static BoundedSocket& of(const Poco::Net::StreamSocket& socket) {
        return dynamic_cast<BoundedSocket&>(*socket.impl());
    }

protected:
    SteadyPoint deadline_ = SteadyPoint::max();
};

/// Each wait of the socket ends at the deadline, however little at a time the other side sends.
template <typename Impl>
class Bounded : public Impl, public BoundedSocket {
public:
    using Impl::Impl;
    int sendBytes(const void* buffer, int length, int flags) override {
        arm();
        return Impl::sendBytes(buffer, length, flags);
    }
    int receiveBytes(void* buffer, int length, int flags) override {
        arm();
        return Impl::receiveBytes(buffer, length, flags);
    }
    bool poll(const Poco::Timespan& timeout, int mode) override {
        return Impl::poll(std::min(timeout, remaining()), mode);
    }

protected:
    void arm() {
        const auto span = remaining();
        this->setReceiveTimeout(span);
        this->setSendTimeout(span);
    }

private:
    [[nodiscard]] Poco::Timespan remaining() const {
        const auto time = timeLeft(deadline_);
        if (time.count() <= 0)
            throw Poco::TimeoutException();
        return {static_cast<Poco::Timespan::TimeDiff>(time.count()) * 1000};
    }
};

} // namespace core::http
