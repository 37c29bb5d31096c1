#pragma once

#include "containers.h"
#include "databases.h"
#include "notes.h"

namespace docker {

/// What is added to the prefix for the label of containers that dumps are tried in.
inline constexpr const char* kTrialLabel = "verify";
/// The "type" of their notes.
inline constexpr const char* kThrowaway = "throwaway";

/// A container with a server to try a dump in: of an image that the engine has, with a password of its own,
/// no network, no ports, none of anybody's volumes and bounded memory. It goes, with what it wrote, with this
/// object; after a crash with cleanup().
class ThrowawayServer {
public:
    /// `user`: its superuser, of PostgreSQL. Returns when it takes queries; Failure if that does not come.
    ThrowawayServer(const Step& step, const Engine& engine, const Settings& settings,
                    const std::string& image, const std::string& product, const std::string& user);
    ~ThrowawayServer();
    ThrowawayServer(const ThrowawayServer&) = delete;
    ThrowawayServer& operator=(const ThrowawayServer&) = delete;

    [[nodiscard]] const Database& database() const { return *database_; }

private:
    void create(const std::string& image, const std::string& user);
    void awaitServer();
    void remove() noexcept;

    const Step& step_;
    const Engine& engine_;
    std::string product_;
    std::string token_;
    std::string label_;
    std::string name_;
    Note note_;
    std::optional<Database> database_;
};

/// Removes the container of the note, if it still is the one, and the note. Failure if the engine refuses.
void removeThrowaway(const Step& step, const Engine& engine, Note& note);

} // namespace docker
