#include <map>

#include <gtest/gtest.h>

#include "host/settings.h"

namespace core::host {
namespace {

// The names and defaults of older documents, which those who knew them look for.
TEST(HostSettings, KeepTheOldNamesAndDefaults) {
    std::map<std::string, std::pair<std::string, std::string>> declared;
    for (const auto& setting : settings())
        if (!setting.seedName.empty())
            declared[setting.seedName] = {setting.key, setting.defaultValue};
    const std::map<std::string, std::pair<std::string, std::string>> expected{
        {"Host, Port", {"http.addr", "0.0.0.0:8080"}},
        {"ReadTimeout", {"http.read_timeout", "30s"}},
        {"WriteTimeout", {"http.write_timeout", "30s"}},
        {"MaxHeaderBytes", {"http.max_header_bytes", "1MiB"}},
        {"EnableSwagger", {"http.swagger", "true"}},
    };
    EXPECT_EQ(declared, expected);
}

} // namespace
} // namespace core::host
