#include "module/file_checks.h"

namespace core::module {

void refuse(const std::filesystem::path& file, const std::string& why) {
    throw Error(kModuleRefused, file.filename().string() + " " + why + ".");
}

void judgeOwnership(const std::filesystem::path& path, FileKind kind, uid_t user) {
    if (const auto problem = ownerProblem(path, kind, user))
        refuse(path, *problem);
}

} // namespace core::module
