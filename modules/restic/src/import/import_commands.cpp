#include "import/import_commands.h"

#include <memory>
#include <ostream>

namespace restic {

namespace {
using Invocation = core::Command::Invocation;

int importV0(const ImportCommands& parts, Invocation& call) {
    const auto tenant = parts.tenants->find(call.text("tenant"));
    auto trail = std::make_shared<core::AuditTrail>();
    trail->pending = true;
    trail->entry.action = "restic.v0.imported";
    trail->entry.actorKind = "system";
    trail->entry.actorName = "command line";
    trail->entry.objectType = "tenant";
    trail->entry.objectId = tenant.toString();
    const auto report =
        parts.import.run(core::TenantContext(tenant, std::move(trail)), call.text("from-v0").value_or(""),
                         {call.flag("dry-run"), call.flag("read-password-files")});
    if (call.json)
        call.out << core::json::writePretty(report.toJson());
    else
        report.print(call.out);
    return report.problems.empty() ? 0 : 1;
}
} // namespace

std::vector<core::Command> importCommands(const std::function<ImportCommands()>& parts) {
    return {{"migrate",
             "Import the targets of v0",
             "ae-backend migrate --from-v0 /var/lib/restic-monitor/restic-monitor.db --dry-run",
             {{.name = "from-v0",
               .doc = "Import the targets of v0 instead: its SQLite database, or its targets.json",
               .required = true},
              {.name = "tenant", .doc = "With --from-v0: name or id of the tenant (default: the first one)"},
              {.name = "dry-run", .doc = "Only say what would be done", .flag = true},
              {.name = "read-password-files",
               .doc = "With --from-v0: put what is in the files that v0 names into the vault",
               .flag = true}},
             [parts](Invocation& call) { return importV0(parts(), call); }}};
}

} // namespace restic
