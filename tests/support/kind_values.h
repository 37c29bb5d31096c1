#pragma once

#include <optional>
#include <string>

#include "core/json.h"
#include "restic/protocol/repository_kinds.h"

/// Values for the fields of repositories, from the kinds' own declarations: a new kind is tested with the
/// others.
namespace test {

/// A value that holds the word and that the field takes; nullopt where it takes none.
std::optional<std::string> valueWith(const restic::protocol::RepositoryField& field, const std::string& word);

/// The fields that a repository of the kind must have, secrets excepted: another place for each number.
core::json::Object requiredFields(const restic::protocol::RepositoryKind& kind, int number);

/// Adds the fields without which `field` means nothing; secrets among them hold the word.
void addPartners(const restic::protocol::RepositoryKind& kind, const restic::protocol::RepositoryField& field,
                 const std::string& word, core::json::Object& fields);

} // namespace test
