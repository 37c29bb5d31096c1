#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/sign_in.h"
#include "core/http/route.h"
#include "core/wire.h"
#include "services.h"

/// What everybody gets who signed in, by whichever way.
namespace base::api {

struct TenantOfUser {
    core::Uuid id;
    std::string name;
    std::string role;
};

/// Who is signed in, in the active tenant.
struct CurrentUser {
    core::Uuid id;
    std::string email;
    std::string name;
    std::string kind = "user";
    std::optional<std::string> role;
    std::optional<core::Uuid> tenantId;
    bool system = false;
    std::vector<TenantOfUser> tenants;
};

struct TokenAnswer {
    std::string accessToken;
    std::string tokenType = "Bearer";
    std::int64_t expiresIn = 0;
    std::optional<std::string> refreshToken;
    CurrentUser user;
};

const core::wire::Type& wireType(const TenantOfUser*);
const core::wire::Type& wireType(const CurrentUser*);
const core::wire::Type& wireType(const TokenAnswer*);

/// The answer to a sign-in: a browser's refresh token goes into a cookie that scripts cannot read.
core::http::Response tokenAnswer(Parts& parts, const core::http::Request& request, const SignedIn& granted);
/// The caller as they are now, with those of their tenants that let them in.
CurrentUser currentUser(Parts& parts, const core::http::Principal& caller);
/// The refresh token's cookie; `maxAge` 0 takes it away.
std::string refreshCookieOf(const core::http::Request& request, const std::string& value,
                            std::int64_t maxAge);
/// What the browser sent of it, if a page of this host sent the request.
std::optional<std::string> refreshCookie(const core::http::Request& request);
Origin originOf(const core::http::Request& request);

} // namespace base::api
