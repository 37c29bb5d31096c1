#pragma once

#include <gmock/gmock.h>

#include "base/token_signer.h"

namespace base::testkit {

/// The token signer's interface.
class MockTokenSigner : public TokenSigner {
public:
    MOCK_METHOD(std::string, sign, (const TokenClaims& claims), (const, override));
    MOCK_METHOD(TokenVerdict, verify, (std::string_view token, std::string_view audience), (const, override));
    MOCK_METHOD(std::optional<std::string>, audienceOf, (std::string_view token), (const, override));
};

} // namespace base::testkit
