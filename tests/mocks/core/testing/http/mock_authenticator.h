#pragma once

#include <gmock/gmock.h>

#include "core/http/principal.h"

namespace core::testkit {

/// For tests that expect certain credentials; TestCallers is better where somebody is to be let in.
class MockAuthenticator : public http::Authenticator {
public:
    MOCK_METHOD(std::optional<Result<Verified>>, authenticate, (const http::Credentials& credentials),
                (override));
};

} // namespace core::testkit
