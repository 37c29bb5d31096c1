#include "core/db/database.h"

namespace core::db {

Transaction::~Transaction() = default;
Database::~Database() = default;

ConstraintViolation::ConstraintViolation(Kind kind, std::string constraint, const std::string& message)
    : std::runtime_error(message), kind_(kind), constraint_(std::move(constraint)) {}
ConstraintViolation::~ConstraintViolation() = default;

} // namespace core::db
