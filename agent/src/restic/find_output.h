#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace agent {

/// Reads what `restic find --json` writes, while it writes: one list on one line, of an object for each
/// snapshot that has hits, which names the snapshot after all of its hits. Piece by piece, in bounded memory.
class FindOutput {
public:
    /// The JSON text of a hit.
    using Hit = std::function<void(std::string_view)>;
    /// The hits before this one, from the last call on, are of that snapshot: the JSON text of the object
    /// without them.
    using Snapshot = std::function<void(std::string_view)>;

    FindOutput(Hit hit, Snapshot snapshot) : hit_(std::move(hit)), snapshot_(std::move(snapshot)) {}

    void take(std::string_view piece);
    /// The list has been read to its end.
    [[nodiscard]] bool ended() const noexcept { return ended_; }

private:
    /// Of a hit; a longer one is left out.
    static constexpr std::size_t kMost = 1U << 20U;
    /// Where one stands: in the list, in an object of it, in its hits, in one of these.
    static constexpr int kList = 1;
    static constexpr int kObject = 2;
    static constexpr int kHits = 3;

    void take(char c);
    void keep(char c);

    Hit hit_;
    Snapshot snapshot_;
    std::string hitText_;
    std::string objectText_;
    int depth_ = 0;
    bool lineBegins_ = true;
    bool inString_ = false;
    bool escaped_ = false;
    bool ended_ = false;
};

} // namespace agent
