#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/export.h"
#include "core/wire.h"

namespace core::http {

/// Header fields in their order. Names compare without case.
class CORE_EXPORT Headers {
public:
    [[nodiscard]] const std::string* find(std::string_view name) const noexcept;
    [[nodiscard]] std::string_view get(std::string_view name) const noexcept;
    void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
    /// Replaces every field of that name.
    void set(std::string name, std::string value);
    void remove(std::string_view name);
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& fields() const noexcept {
        return fields_;
    }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// True if both are equal without regard to ASCII case.
CORE_EXPORT bool equalNoCase(std::string_view a, std::string_view b) noexcept;

/// Bytes that many answers hold without a copy of their own: of a file in memory, or of a part of it.
/// Immutable.
class SharedBytes {
public:
    SharedBytes() = default;
    SharedBytes(std::shared_ptr<const std::string> whole) noexcept
        : whole_(std::move(whole)), part_(whole_ ? std::string_view(*whole_) : std::string_view()) {}
    /// `size` bytes from `first` on, or as many as there are. Throws std::out_of_range beyond the end.
    SharedBytes(std::shared_ptr<const std::string> whole, std::size_t first, std::size_t size)
        : whole_(std::move(whole)), part_(std::string_view(*whole_).substr(first, size)) {}

    explicit operator bool() const noexcept { return whole_ != nullptr; }
    [[nodiscard]] std::string_view view() const noexcept { return part_; }

private:
    std::shared_ptr<const std::string> whole_;
    std::string_view part_;
};

/// A whole answer. A handler fills status, body and what headers it needs; the server adds Date,
/// Content-Length, X-Request-Id and the security headers.
struct CORE_EXPORT Response {
    int status = 200;
    Headers headers;
    std::string body;
    /// Instead of `body`. However slowly a client takes them, it holds no copy.
    SharedBytes shared;

    [[nodiscard]] static Response empty(int status = 204);
    [[nodiscard]] static Response json(std::string body, int status = 200);
    template <wire::detail::Declared T>
    [[nodiscard]] static Response of(const T& object, int status = 200) {
        return json(wire::write(object), status);
    }
    [[nodiscard]] static Response text(std::string body, std::string contentType, int status = 200);
    /// The one shape of errors: {"error","message","details"}.
    [[nodiscard]] static Response error(const Error& error);

    [[nodiscard]] std::string_view content() const noexcept { return shared ? shared.view() : body; }
};

/// The reason phrase of a status code ("Not Found").
CORE_EXPORT std::string_view reasonPhrase(int status) noexcept;

} // namespace core::http
