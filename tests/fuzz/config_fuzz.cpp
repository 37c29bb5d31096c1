// The configuration file: settings within their bounds, or problems that name them.
#include <algorithm>

#include <sys/mman.h>
#include <unistd.h>

#include "core/config.h"
#include "fuzz/oracle.h"

using namespace core::config;
using fuzz::require;

namespace {

const std::vector<Setting> kSettings = {
    {.key = "name", .type = SettingType::text},
    {.key = "log.level",
     .type = SettingType::text,
     .defaultValue = "info",
     .oneOf = {"debug", "info", "error"}},
    {.key = "http.addr", .type = SettingType::list, .defaultValue = "0.0.0.0:8080"},
    {.key = "http.workers", .type = SettingType::integer, .defaultValue = "2", .min = 1, .max = 256},
    {.key = "http.swagger", .type = SettingType::boolean, .defaultValue = "true"},
    {.key = "http.read_timeout", .type = SettingType::duration, .defaultValue = "30s", .min = 1},
    {.key = "http.max_header_bytes",
     .type = SettingType::size,
     .defaultValue = "1MiB",
     .min = 1024,
     .max = 16777216},
    {.key = "vault.key", .type = SettingType::text, .secret = true},
};

/// A file that is in memory only.
class File {
public:
    explicit File(std::string_view content) : fd_(::memfd_create("config", 0)) {
        require(::write(fd_, content.data(), content.size()) == static_cast<ssize_t>(content.size()),
                "a written file");
    }
    ~File() { ::close(fd_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
    int fd_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const File file(input);
    const auto result = read(kSettings, {.file = file.path(), .environment = {}, .flags = {}});
    if (!result) {
        require(!result.error().details().empty(), "a refusal names problems");
        // At most 2000 nodes are looked at; each may be of no use and unknown as well.
        require(result.error().details().size() <= 4096, "an end to problems");
        return 0;
    }
    const Config& config = *result.value();
    require(config.values().size() == kSettings.size(), "every setting has a value");
    require(config.integer("http.workers") >= 1 && config.integer("http.workers") <= 256,
            "bounds of an integer");
    require(config.duration("http.read_timeout").count() >= 1, "the bound of a duration");
    const auto bytes = config.bytes("http.max_header_bytes");
    require(bytes >= 1024 && bytes <= 16777216, "bounds of a size");
    const auto& level = config.text("log.level");
    require(level.empty() || level == "debug" || level == "info" || level == "error",
            "one of the allowed words");
    const auto& secret = config.text("vault.key");
    require(secret.empty() || show(config).find("vault.key: ***") != std::string::npos, "secrets are masked");
    return 0;
}
