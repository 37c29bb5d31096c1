#include "host/scratch_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "core/error.h"

namespace core::host {

namespace fs = std::filesystem;

ScratchFolder::ScratchFolder() {
    std::error_code code;
    auto name = (fs::temp_directory_path(code) / "ae-backend-XXXXXX").string();
    if (code || ::mkdtemp(name.data()) == nullptr)
        throw Error(errors::kUnavailable,
                    fmt::format("No temporary folder can be made ({}); set TMPDIR to a folder that this user "
                                "can write.",
                                code ? code.message() : std::strerror(errno)));
    path_ = name;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

} // namespace core::host
