#pragma once

#include <optional>
#include <string>

#include "core/export.h"

namespace core::db {

/// Says that one host serves from a SQLite file: a lock on `FILE.lock` beside it, which ends with the
/// process, however that ends. Commands that work beside a host do not take it.
class CORE_EXPORT HostLock {
public:
    /// Throws core::Error(kDatabase), with a sentence, if another process has it.
    explicit HostLock(const std::string& database);
    ~HostLock();
    /// The process that took the lock of that database last; it may be gone. nullopt: nobody ever did.
    static std::optional<int> lastHolder(const std::string& database);
    HostLock(const HostLock&) = delete;
    HostLock& operator=(const HostLock&) = delete;

private:
    int fd_ = -1;
};

} // namespace core::db
