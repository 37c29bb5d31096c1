#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/http/page.h"
#include "core/time.h"
#include "core/uuid.h"
#include "core/wire.h"
#include "restic/protocol/look_tasks.h"

/// What people's API takes and answers of looks into snapshots: declared here once.
namespace restic {

struct FilesInput {
    std::string path;
    std::optional<core::Uuid> agentId;
};

struct FilesQuery : core::http::PageQuery {
    std::string path = "/";
};

/// What is known of a folder, and a page of its entries.
struct FilesPage {
    /// unknown, listing, listed, failed
    std::string state;
    std::string path;
    std::vector<protocol::LsEntry> items;
    std::optional<std::string> next;
    std::optional<std::int64_t> entries;
    std::optional<core::Instant> listedAt;
    std::optional<core::Uuid> taskId;
    /// Why it failed; null otherwise.
    core::json::Value error;
};

struct FindInput : protocol::FindParameters {
    std::optional<core::Uuid> policyId;
    std::vector<core::Uuid> snapshotIds;
    std::optional<core::Uuid> agentId;

    /// What its fields do not say each for itself.
    [[nodiscard]] std::vector<core::Problem> problems() const;
};

struct DiffInput : protocol::DiffParameters {
    std::optional<core::Uuid> agentId;
};

const core::wire::Type& wireType(const FilesInput*);
const core::wire::Type& wireType(const FilesQuery*);
const core::wire::Type& wireType(const FilesPage*);
const core::wire::Type& wireType(const FindInput*);
const core::wire::Type& wireType(const DiffInput*);

} // namespace restic
