#include "errors.h"
#include "repositories/repository_views.h"
#include "restic/protocol/task_kinds.h"
#include "tasks/task_routes.h"
#include "tasks/task_views.h"

namespace restic {

using core::db::Transaction;
using core::http::Audit;
using core::http::Outcome;
using core::http::Request;
using core::http::Response;
using core::wire::typeOf;

void TaskRoutes::addPasswordChangeTo(std::vector<core::http::Route>& routes) const {
    routes.push_back(
        {.method = "POST",
         .path = "/api/v1/restic/repositories/{id}/password",
         .summary =
             "Change the password that opens the repository, by the agent that works on it: the answer "
             "is the task that makes the new one open it; a second one then takes away the old one",
         .permission = repositoriesWrite(),
         .audit = Audit::action("restic.repository.password_changed"),
         .request = &typeOf<PasswordInput>(),
         .response = &typeOf<TaskStarted>(),
         .status = 202,
         .location = "/api/v1/restic/tasks/{id}",
         .errors = {&errors::kRepositoryNotFound, &errors::kPasswordElsewhere, &errors::kPasswordChanging,
                    &errors::kRepositoryUnreachable, &errors::kRepositoryAppendOnly, &errors::kAgentNotFound,
                    &errors::kAgentIsPlaceholder},
         .handler = [s = *this](Request& request) -> Outcome {
             const auto id = request.uuidParameter("id", errors::kRepositoryNotFound);
             const auto input = request.json<PasswordInput>();
             request.audit().object("repository", id.toString());
             return s.database.transact(request.tenant(), [&](Transaction& tx) {
                 const auto repository = s.repositories.forNewPassword(tx, id, input.password);
                 TaskRequest wanted;
                 wanted.type = protocol::kinds::addKey.name;
                 wanted.repository = id;
                 wanted.agent = s.repositories.caretaker(tx, id);
                 // Before anything is changed: that one could not take away the old key.
                 if (!repository.mayRemove(wanted.agent))
                     throw core::Error(errors::kRepositoryAppendOnly, whyAppendOnly(repository));
                 const auto task = s.tasks.create(tx, wanted);
                 s.passwords.keep(tx, task.id, input.password);
                 const TaskStarted made{task.id, std::string(protocol::toText(task.status))};
                 request.audit().entry.after = core::wire::toJson(made);
                 return request.keep(Response::of(made, 202));
             });
         }});
}

} // namespace restic
