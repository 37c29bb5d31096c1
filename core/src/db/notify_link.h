#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/time.h"

/// The seam between wake-ups and the database that carries them to other hosts.
namespace core::db {

/// One connection that listens to one channel and speaks on it. One thread. All but take() may block, no
/// longer than its limit; all throw std::runtime_error when the connection is gone.
class NotifyLink {
public:
    virtual ~NotifyLink() = default;
    /// Connects (again) and, if asked to, listens.
    virtual void open(bool listen) = 0;
    [[nodiscard]] virtual bool isOpen() const noexcept = 0;
    virtual void close() noexcept = 0;
    /// Readable when take() has something; -1 while closed.
    [[nodiscard]] virtual int descriptor() const noexcept = 0;
    /// What arrived since.
    virtual std::vector<std::string> take() = 0;
    /// At most 7999 bytes.
    virtual void notify(const std::string& payload) = 0;
};

/// What a database that several hosts share implements beside Database.
class NotifyTarget {
public:
    virtual ~NotifyTarget() = default;
    virtual std::unique_ptr<NotifyLink> makeNotifyLink() = 0;
};

} // namespace core::db
