#include "support/sealed_snapshots.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "core/encoding.h"
#include "core/json.h"
#include "core/time.h"

namespace test {
namespace {
constexpr std::size_t kNonce = 16;
constexpr std::size_t kTag = 16;

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error("sealed snapshots: " + what);
}

std::string contentOf(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

const unsigned char* bytes(const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string cipher(const EVP_CIPHER* kind, const std::string& key, const std::string& iv,
                   const std::string& text) {
    const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                  &EVP_CIPHER_CTX_free);
    std::string out(text.size() + 16, '\0');
    int length = 0;
    if (EVP_EncryptInit_ex(context.get(), kind, nullptr, bytes(key), iv.empty() ? nullptr : bytes(iv)) != 1 ||
        EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
        EVP_EncryptUpdate(context.get(), reinterpret_cast<unsigned char*>(out.data()), &length, bytes(text),
                          static_cast<int>(text.size())) != 1)
        fail("the cipher does not work");
    out.resize(static_cast<std::size_t>(length));
    return out;
}

/// A repository's key: AES-256 in counter mode, and Poly1305-AES.
struct Key {
    std::string encrypt; ///< 32 bytes
    std::string k, r;    ///< 16 bytes each

    [[nodiscard]] std::string tag(const std::string& nonce, const std::string& text) const {
        auto clamped = r;
        for (const int i : {3, 7, 11, 15})
            clamped[static_cast<std::size_t>(i)] &= 0x0f;
        for (const int i : {4, 8, 12})
            clamped[static_cast<std::size_t>(i)] =
                static_cast<char>(clamped[static_cast<std::size_t>(i)] & 0xfc);
        const auto oneTime = clamped + cipher(EVP_aes_128_ecb(), k, "", nonce);
        const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac(
            EVP_MAC_fetch(nullptr, "POLY1305", nullptr), &EVP_MAC_free);
        const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(EVP_MAC_CTX_new(mac.get()),
                                                                                &EVP_MAC_CTX_free);
        std::string out(kTag, '\0');
        std::size_t length = 0;
        if (EVP_MAC_init(context.get(), bytes(oneTime), oneTime.size(), nullptr) != 1 ||
            EVP_MAC_update(context.get(), bytes(text), text.size()) != 1 ||
            EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(out.data()), &length, out.size()) !=
                1)
            fail("Poly1305 does not work");
        return out;
    }
    [[nodiscard]] std::string seal(const std::string& text) const {
        std::string nonce(kNonce, '\0');
        if (RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()), static_cast<int>(kNonce)) != 1)
            fail("there is no randomness");
        const auto sealed = cipher(EVP_aes_256_ctr(), encrypt, nonce, text);
        return nonce + sealed + tag(nonce, sealed);
    }
    [[nodiscard]] std::string open(const std::string& sealed) const {
        if (sealed.size() < kNonce + kTag)
            fail("a file is too short");
        const auto nonce = sealed.substr(0, kNonce);
        const auto text = sealed.substr(kNonce, sealed.size() - kNonce - kTag);
        if (tag(nonce, text) != sealed.substr(sealed.size() - kTag))
            fail("the key does not open a file");
        return cipher(EVP_aes_256_ctr(), encrypt, nonce, text);
    }
};

std::string decoded(const core::json::Value& value, std::string_view field) {
    const auto text = core::base64Decode(value.stringOr(field));
    if (!text)
        fail("a key has no " + std::string(field));
    return *text;
}

Key keyOf(const std::filesystem::path& repository, const std::string& password) {
    const auto file = std::filesystem::directory_iterator(repository / "keys")->path();
    const auto stored = core::json::parse(contentOf(file)).value();
    std::string derived(64, '\0');
    const auto salt = decoded(stored, "salt");
    if (EVP_PBE_scrypt(password.data(), password.size(), bytes(salt), salt.size(),
                       static_cast<std::uint64_t>(stored.integerOr("N")),
                       static_cast<std::uint64_t>(stored.integerOr("r")),
                       static_cast<std::uint64_t>(stored.integerOr("p")), std::uint64_t{1} << 30U,
                       reinterpret_cast<unsigned char*>(derived.data()), derived.size()) != 1)
        fail("scrypt does not work");
    const Key ofPassword{derived.substr(0, 32), derived.substr(32, 16), derived.substr(48, 16)};
    const auto master = core::json::parse(ofPassword.open(decoded(stored, "data"))).value();
    const auto* mac = master.find("mac");
    return {decoded(master, "encrypt"), decoded(*mac, "k"), decoded(*mac, "r")};
}
} // namespace

void addSealedSnapshots(const std::filesystem::path& repository, const std::string& password,
                        std::size_t count) {
    const auto key = keyOf(repository, password);
    // One of format 1, which all versions read: plain JSON.
    std::string tree;
    for (const auto& file : std::filesystem::directory_iterator(repository / "snapshots"))
        if (const auto known = core::json::parse(key.open(contentOf(file.path()))))
            tree = known.value().stringOr("tree");
    if (tree.empty())
        fail("there is no snapshot in plain JSON");
    const auto begin = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    for (std::size_t i = 0; i < count; ++i) {
        const auto text = core::json::write(
            core::json::Object{{"time", core::formatInstant(begin - std::chrono::minutes(i + 10))},
                               {"tree", tree},
                               {"paths", core::json::Array{"/srv/data"}},
                               {"hostname", fmt::format("host-{}", i % 50)},
                               {"username", "root"},
                               {"tags", core::json::Array{"nightly"}}});
        const auto sealed = key.seal(text);
        const auto name = core::hexEncode(core::sha256(sealed));
        std::ofstream out(repository / "snapshots" / name, std::ios::binary);
        out << sealed;
        if (!out)
            fail("a file cannot be written");
    }
}

} // namespace test
