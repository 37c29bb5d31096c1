#pragma once

#include <optional>
#include <stop_token>
#include <variant>

#include "executor/sequence_run.h"
#include "restic/cli/key_list.h"

namespace agent {

/// What the two kinds that change a repository's keys have in common: they look first at how the keys are.
class KeyRun : public SequenceRun {
protected:
    using SequenceRun::SequenceRun;

    using Keys = std::variant<restic::cli::KeyList, restic::protocol::TaskError>;
    /// The repository's keys, among them the one that its password opened; or why it does not open.
    Keys keysOf(const restic::cli::RepositoryAccess& repository, const std::stop_token& stop);
};

} // namespace agent
