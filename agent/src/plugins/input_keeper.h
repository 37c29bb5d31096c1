#pragma once

namespace agent {

/// Stands between agent and restic while a dump is piped into restic: `restic-agent keep-input READ WRITE
/// PROGRAM ARGUMENT...`, where READ and WRITE are the numbers of the pipe's descriptors. restic takes the end
/// of its input for the end of the dump, so the pipe is kept open here, and closed only when the agent writes
/// a byte to this process's standard input: the dump is whole. When the agent is gone instead, restic is
/// interrupted, and makes no snapshot. Ends as restic does. Not for people.
int keepInputMain(int argc, char** argv);

/// The name of that command.
inline constexpr const char* kKeepInputCommand = "keep-input";

} // namespace agent
