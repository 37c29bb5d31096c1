#pragma once

#include <functional>
#include <string>

#include "core/json.h"

namespace test {

/// Visits each text of a body that is a secret by its field's name, wherever it stands: passwords, tokens,
/// and the secret fields of every kind of repository.
void eachSecret(const core::json::Value& body, const std::function<void(const std::string&)>& visit);

} // namespace test
