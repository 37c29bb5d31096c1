#include "vault/key_ring.h"

#include <openssl/crypto.h>

#include "core/encoding.h"
#include "vault/keys.h"

namespace base {

namespace fs = std::filesystem;

namespace {
const std::string kPrefix = std::string(kVaultKeyFile) + ".";
constexpr std::string_view kOld = ".old";
constexpr std::size_t kIdLength = 16;

bool isId(const std::string& text) {
    return text.size() == kIdLength && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}
} // namespace

std::string KeyRing::idOf(const std::string& key) {
    return core::hexEncode(core::sha256("ae-vault-key-id" + key)).substr(0, kIdLength);
}

KeyRing::KeyRing(std::string own, std::vector<std::string> others, fs::path folder)
    : ownId_(idOf(own)), folder_(std::move(folder)) {
    keys_[ownId_] = std::move(own);
    for (auto& key : others) {
        auto id = idOf(key);
        keys_[std::move(id)] = std::move(key);
    }
}

KeyRing::~KeyRing() {
    for (auto& [id, key] : keys_)
        OPENSSL_cleanse(key.data(), key.size());
}

std::optional<std::string> KeyRing::find(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    if (const auto at = keys_.find(id); at != keys_.end())
        return at->second;
    if (folder_.empty() || !isId(id))
        return std::nullopt;
    // What a rotation has put in place of a key is in encryption-key itself.
    const auto further = kPrefix + id;
    for (const auto& name : {further, further + std::string(kOld), std::string(kVaultKeyFile)})
        if (auto key = findKey(folder_, name); key && idOf(*key) == id)
            return keys_[id] = std::move(*key);
    return std::nullopt;
}

std::vector<FurtherKey> furtherKeys(const fs::path& folder) {
    std::vector<FurtherKey> found;
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(folder, missing)) {
        auto name = entry.path().filename().string();
        if (!name.starts_with(kPrefix))
            continue;
        name.erase(0, kPrefix.size());
        const bool old = name.ends_with(kOld);
        if (old)
            name.resize(name.size() - kOld.size());
        if (isId(name))
            found.push_back({std::move(name), old, entry.path()});
    }
    return found;
}

} // namespace base
