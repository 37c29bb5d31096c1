#pragma once

#include <filesystem>
#include <string>

/// Files of v0, as its versions left them.
namespace test {

/// The two shapes of v0's database.
enum class V0Shape {
    first, ///< repository_url, password_file and cert_file, no counts of what is kept
    last   ///< repository, password and certificate_file, keep_*
};

/// Runs SQL in a SQLite file, which is made if it is not there.
void runSqlite(const std::filesystem::path& file, const std::string& sql);

/// The tables of that shape, without rows.
std::string v0Schema(V0Shape shape);

/// A v0 database with so many targets ("server-1" from id 1 on, each with a repository of its own at a REST
/// server) and of each so many snapshots and health checks, an hour apart from 2025-11-01 on.
void makeV0Database(const std::filesystem::path& file, V0Shape shape, int targets, int snapshots, int checks);

/// The whole id of that snapshot of makeV0Database().
std::string v0SnapshotId(int target, int snapshot);

} // namespace test
