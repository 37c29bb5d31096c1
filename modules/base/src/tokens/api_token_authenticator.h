#pragma once

#include "core/db/database.h"
#include "core/http/principal.h"
#include "tokens/api_token_store.h"

namespace base {

/// Verifies API tokens, as Bearer or as the password of Basic.
class ApiTokenAuthenticator final : public core::http::Authenticator {
public:
    ApiTokenAuthenticator(core::db::Database& database, const core::Clock& clock)
        : database_(database), clock_(clock), tokens_(clock) {}
    std::optional<core::Result<Verified>> authenticate(const core::http::Credentials& credentials) override;

private:
    core::db::Database& database_;
    const core::Clock& clock_;
    ApiTokenStore tokens_;
};

} // namespace base
