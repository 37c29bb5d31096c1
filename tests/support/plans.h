#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/db/database.h"
#include "support/recording_database.h"

namespace test {

/// Tables that a statement reads from end to end, by the database's own plan, judged as the application's
/// role. `growing`: the tables that matter.
std::vector<std::string> scannedTables(core::db::Database& db, const core::db::Context& context,
                                       const std::string& sql, const core::db::Params& params,
                                       const std::set<std::string>& growing);

/// Fails the test for each statement that was recorded and reads one of the growing tables from end to end.
/// `tenant`: in whose context those run that are no system's. `whole`: how statements begin that are there to
/// read everything.
void expectNoScans(core::db::Database& db, const RecordingDatabase& recorder, const core::db::Context& tenant,
                   const std::set<std::string>& growing, const std::vector<std::string>& whole = {});

/// SQL that makes many rows at once, as INSERT … SELECT, of the numbers s.i.
class ManyRows {
public:
    explicit ManyRows(core::db::Dialect dialect) : postgres_(dialect == core::db::Dialect::postgresql) {}
    /// " FROM …" of the numbers from 1 on.
    [[nodiscard]] std::string from(int count) const;
    /// An id for each number, in their order. `kind`: four hexadecimal digits; `owner`: twelve.
    [[nodiscard]] std::string id(const std::string& kind, const std::string& owner = "000000000000") const;
    [[nodiscard]] std::string quoted(const core::Uuid& value) const {
        return "'" + value.toString() + "'" + (postgres_ ? "::uuid" : "");
    }

private:
    bool postgres_;
};

} // namespace test
