#include "trial.h"

#include <unistd.h>

namespace docker {

void loadKept(const Step& step, const Engine& engine, const Database& database, const ExecCommand& command,
              int dump, const std::function<void(std::string_view)>& output) {
    if (::lseek(dump, 0, SEEK_SET) != 0)
        throw Failure("The dump that was kept cannot be read again");
    const auto end = runInside(step, engine, database.container().id, command, output, dump);
    if (!end.ok())
        throw Failure(
            "The dump cannot be restored: " + command.arguments.front() + " " + end.describe(),
            "Try it by hand: the dump could not be restored like this either. If it needs an option or "
            "a file that the server was given beside its image, build that into the image");
}

} // namespace docker
