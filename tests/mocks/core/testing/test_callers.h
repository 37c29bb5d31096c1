#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "core/http/principal.h"

namespace core::testkit {

/// Verifies the tokens that it made itself. Thread-safe.
class TestCallers final : public http::Authenticator {
public:
    /// A token with which a request comes from this caller.
    [[nodiscard]] std::string tokenOf(http::Principal principal) {
        const std::lock_guard lock(mutex_);
        std::string token = "test-" + std::to_string(callers_.size() + 1);
        callers_.emplace(token, std::move(principal));
        return token;
    }
    std::optional<Result<Verified>> authenticate(const http::Credentials& credentials) override {
        const std::lock_guard lock(mutex_);
        const auto found = callers_.find(credentials.secret);
        if (found == callers_.end())
            return std::nullopt;
        return Result<Verified>(Verified{found->second, Instant::max()});
    }

private:
    std::mutex mutex_;
    std::map<std::string, http::Principal> callers_;
};

} // namespace core::testkit
