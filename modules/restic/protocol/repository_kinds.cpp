#include "restic/protocol/repository_kinds.h"

#include <algorithm>

namespace restic::protocol {

const std::vector<const RepositoryKind*>& repositoryKinds() {
    static const std::vector<const RepositoryKind*> kinds{
        &repositories::local(), &repositories::sftp(),  &repositories::s3(),
        &repositories::rest(),  &repositories::azure(), &repositories::gcs(),
        &repositories::b2(),    &repositories::swift(), &repositories::rclone()};
    return kinds;
}

namespace {
template <typename Test>
const RepositoryKind* findBy(Test test) noexcept {
    const auto& all = repositoryKinds();
    const auto at = std::find_if(all.begin(), all.end(), test);
    return at != all.end() ? *at : nullptr;
}
} // namespace

const RepositoryKind* findRepositoryKind(std::string_view name) noexcept {
    return findBy([&](const RepositoryKind* kind) { return kind->name == name; });
}

const RepositoryKind* kindOfAddress(std::string_view address) noexcept {
    // "local:/srv" is restic's other word for "/srv".
    constexpr std::string_view kLocal = "local:";
    if (address.starts_with(kLocal))
        address.remove_prefix(kLocal.size());
    return findBy([&](const RepositoryKind* kind) { return address.starts_with(kind->prefix); });
}

} // namespace restic::protocol
