#include "core/gcm.h"

#include <memory>
#include <span>

#include <openssl/evp.h>

#include "core/error.h"
#include "core/random.h"

namespace core::gcm {

namespace {

constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kKeyBytes = 32;

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

} // namespace

std::string newNonce() {
    std::string nonce(kNonceBytes, '\0');
    fillRandom(std::as_writable_bytes(std::span(nonce)));
    return nonce;
}

std::string seal(std::string_view key, std::string_view nonce, std::string_view additional,
                 std::string_view plain) {
    const Context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
    std::string out(plain.size() + kTagBytes, '\0');
    int length = 0;
    const bool ok =
        context != nullptr && key.size() == kKeyBytes && nonce.size() == kNonceBytes &&
        EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce)) == 1 &&
        EVP_EncryptUpdate(context.get(), nullptr, &length, bytes(additional),
                          static_cast<int>(additional.size())) == 1 &&
        EVP_EncryptUpdate(context.get(), bytes(out), &length, bytes(plain), static_cast<int>(plain.size())) ==
            1 &&
        EVP_EncryptFinal_ex(context.get(), bytes(out) + length, &length) == 1 &&
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, bytes(out) + plain.size()) == 1;
    if (!ok)
        throw Error(errors::kInternal, "The secret cannot be sealed");
    return out;
}

std::optional<std::string> open(std::string_view key, std::string_view nonce, std::string_view additional,
                                std::string_view sealed) {
    if (key.size() != kKeyBytes || nonce.size() != kNonceBytes || sealed.size() < kTagBytes)
        return std::nullopt;
    const Context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
    const auto cipher = sealed.substr(0, sealed.size() - kTagBytes);
    std::string tag(sealed.substr(cipher.size()));
    std::string out(cipher.size(), '\0');
    int length = 0;
    const bool ok =
        context != nullptr &&
        EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes(key), bytes(nonce)) == 1 &&
        EVP_DecryptUpdate(context.get(), nullptr, &length, bytes(additional),
                          static_cast<int>(additional.size())) == 1 &&
        EVP_DecryptUpdate(context.get(), bytes(out), &length, bytes(cipher),
                          static_cast<int>(cipher.size())) == 1 &&
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
        EVP_DecryptFinal_ex(context.get(), bytes(out) + length, &length) == 1;
    return ok ? std::optional(std::move(out)) : std::nullopt;
}

} // namespace core::gcm
