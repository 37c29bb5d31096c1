#include "executor/executor.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "core/wire.h"
#include "executor/restic_process.h"
#include "restic/protocol/task_errors.h"
#include "restic/protocol/task_state.h"

namespace agent {
namespace {
namespace protocol = restic::protocol;
namespace task_errors = restic::protocol::task_errors;
} // namespace

Executor::Executor(TaskServices services, FindWork findWork, Reporter& reporter,
                   std::function<void()> changed)
    : services_(std::move(services)), findWork_(findWork), reporter_(reporter), changed_(std::move(changed)) {
}

Executor::~Executor() {
    stop();
}

std::shared_ptr<Outbox> Executor::makeOutbox(const std::string& taskId, int attempt) const {
    const auto folder = services_.state.task(taskId, attempt);
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    if (code)
        throw core::Error(errors::kState, folder.string() + ": " + code.message());
    return std::make_shared<Outbox>(
        taskId, attempt, folder,
        [&hub = services_.log.hub()](const std::string& text) { return hub.redact(text); });
}

void Executor::recover() {
    std::set<std::string> goOn;
    for (auto& known : services_.journal.open()) {
        const auto folder = services_.state.task(known.taskId, known.attempt);
        if (known.result) {
            auto report = core::wire::read<protocol::TaskStatusReport>(*known.result);
            if (!report) {
                services_.log.error("A result in the journal cannot be read", {{"task_id", known.taskId}});
                services_.journal.acknowledged(known.taskId, known.attempt);
                continue;
            }
            auto outbox = makeOutbox(known.taskId, known.attempt);
            outbox->started();
            outbox->setResult(std::move(report).value());
            reporter_.add(std::move(outbox));
            continue;
        }
        const auto* work = findWork_(core::json::Value(known.payload).stringOr("type"));
        std::error_code code;
        const bool spoke = std::filesystem::exists(folder / "stdout", code) ||
                           std::filesystem::exists(folder / "stderr", code);
        const bool mayRun = known.starting && (known.spawned || spoke || findResticOfTask(known.taskId));
        if (work == nullptr || !mayRun) {
            services_.log.info("A task that was never started is given back", {{"task_id", known.taskId}});
            services_.journal.dropped(known.taskId, known.attempt);
            std::filesystem::remove_all(folder, code);
            std::filesystem::remove(folder.parent_path(), code); // only if no other attempt is in it
            continue;
        }
        auto job = std::make_shared<Job>();
        job->work = work;
        job->payload = known.payload;
        job->outbox = makeOutbox(known.taskId, known.attempt);
        job->adopted = std::move(known);
        goOn.insert(job->outbox->taskId());
        reporter_.add(job->outbox);
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
    }
    services_.staging.removeLeftBehind(goOn);
    services_.scratch.removeLeftBehind({}); // a test goes with its agent
    dispatch();
}

void Executor::handle(const protocol::Envelope& envelope) {
    if (envelope.type != protocol::envelope_type::kRequest) {
        services_.log.debug("A message of an unknown type was ignored",
                            {{"type", envelope.type}, {"action", envelope.action}});
        return;
    }
    if (envelope.action == protocol::action::kCancel)
        cancel(envelope.payload);
    else
        accept(envelope.payload, envelope.action);
}

void Executor::accept(const core::json::Object& payload, const std::string& action) {
    collectFinished();
    const core::json::Value document(payload);
    const auto id = core::Uuid::parse(document.stringOr("task_id"));
    const auto attempt = document.integerOr("attempt");
    if (!id || attempt < 1 || attempt > 1000000) {
        services_.log.warn("A message that is no task was ignored", {{"action", action}});
        return;
    }
    const auto taskId = id->toString();
    const auto* work = findWork_(document.stringOr("type"));
    const auto task = core::wire::read<protocol::TaskPayload>(document);
    if (task && work == nullptr) {
        refuse(taskId, static_cast<int>(attempt),
               task_errors::make(task_errors::kUnsupportedTask,
                                 "This agent does not know tasks of the kind " + task.value().type));
        return;
    }
    const auto problems = task ? work->problems(document) : task.error().details();
    if (!problems.empty()) {
        std::string message = "The task cannot be read:";
        for (const auto& problem : problems)
            message += " " + problem.pointer + " " + problem.message + ";";
        refuse(taskId, static_cast<int>(attempt), task_errors::make(task_errors::kInvalidTask, message));
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        if (stopping_)
            return; // unknown to the journal, so it will be handed out again
        for (const auto& job : jobs_) {
            if (job->outbox->taskId() != taskId || job->finished)
                continue;
            if (job->outbox->attempt() >= attempt)
                return;
            // The server has given the old attempt up.
            job->outbox->abandon();
            job->outbox->stop(restic::cli::StopReason::cancelled);
        }
    }
    if (const auto& repository = task.value().repository) {
        if (repository->password)
            services_.log.hub().addSecret(*repository->password);
        if (repository->newPassword)
            services_.log.hub().addSecret(*repository->newPassword);
        for (const auto& [field, secret] : repository->secrets)
            services_.log.hub().addSecret(secret);
    }
    if (const auto problem = services_.state.lacksRoom())
        throw core::Error(errors::kState, *problem);
    const auto kept = work->withoutSecrets(document);
    auto outbox = makeOutbox(taskId, static_cast<int>(attempt)); // first: it makes the attempt's folder
    if (!services_.journal.accepted(taskId, static_cast<int>(attempt), kept, services_.clock.now()))
        return;
    services_.log.info("Task accepted",
                       {{"task_id", taskId}, {"attempt", attempt}, {"type", task.value().type}});
    auto job = std::make_shared<Job>();
    job->work = work;
    job->payload = payload;
    job->outbox = std::move(outbox);
    reporter_.add(job->outbox);
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
    }
    dispatch();
}

void Executor::refuse(const std::string& taskId, int attempt, const protocol::TaskError& error) {
    if (!services_.journal.accepted(taskId, attempt, {}, services_.clock.now()))
        return;
    services_.log.warn("Task refused", {{"task_id", taskId}, {"error", error.message}});
    protocol::TaskStatusReport report;
    report.attempt = attempt;
    report.status = protocol::toText(protocol::TaskState::failed);
    report.error = error;
    services_.journal.result(taskId, attempt, *core::wire::toJson(report).object());
    auto outbox = makeOutbox(taskId, attempt);
    outbox->setResult(std::move(report));
    reporter_.add(std::move(outbox));
}

void Executor::cancel(const core::json::Object& payload) {
    const auto request = core::wire::read<protocol::CancelPayload>(payload);
    if (!request) {
        services_.log.warn("A cancel that names no task was ignored");
        return;
    }
    const auto taskId = request.value().taskId.toString();
    bool found = false;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& job : jobs_) {
            if (job->finished || job->outbox->taskId() != taskId ||
                (request.value().attempt && *request.value().attempt != job->outbox->attempt()))
                continue;
            job->outbox->stop(restic::cli::StopReason::cancelled);
            found = true;
        }
    }
    services_.log.info(found ? "Task is being cancelled"
                             : "A cancel for a task that does not run here was ignored",
                       {{"task_id", taskId}});
    dispatch();
}

void Executor::collectFinished() {
    std::vector<std::shared_ptr<Job>> finished;
    {
        const std::lock_guard lock(mutex_);
        const auto first =
            std::stable_partition(jobs_.begin(), jobs_.end(), [](const auto& job) { return !job->finished; });
        std::move(first, jobs_.end(), std::back_inserter(finished));
        jobs_.erase(first, jobs_.end());
    }
    // Without the lock that they may still want. A thread holds its job until it ends: were this left to the
    // job's destructor, the thread could be the last to let go of it, and would join itself.
    for (const auto& job : finished)
        if (job->thread.joinable())
            job->thread.join();
}

void Executor::dispatch() {
    const std::lock_guard lock(mutex_);
    if (stopping_)
        return;
    auto running = std::count_if(jobs_.begin(), jobs_.end(),
                                 [](const auto& job) { return job->running && !job->finished; });
    for (const auto& job : jobs_) {
        if (job->running || job->finished)
            continue;
        const bool sameTaskRuns = std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& other) {
            return other != job && other->running && !other->finished &&
                   other->outbox->taskId() == job->outbox->taskId();
        });
        // What was adopted runs already, and what is cancelled ends at once: both need no free place.
        const bool ahead = job->adopted || job->outbox->stopReason() != restic::cli::StopReason::none;
        if (sameTaskRuns || (!ahead && running >= services_.config.agent.maxConcurrentTasks))
            continue;
        job->running = true;
        ++running;
        job->thread = std::jthread([this, job = std::weak_ptr(job)](const std::stop_token& stop) {
            if (const auto held = job.lock())
                runJob(held, stop);
        });
    }
}

void Executor::runJob(const std::shared_ptr<Job>& job, const std::stop_token& stop) {
    bool ended = true;
    job->outbox->started();
    reporter_.wake();
    try {
        const auto run = job->work->make(services_, job->payload, job->outbox);
        ended = job->adopted ? run->adopt(*job->adopted, stop) : run->run(stop);
    } catch (...) {
        const auto what = core::describeCurrentException();
        services_.log.error("A task failed inside the agent",
                            {{"task_id", job->outbox->taskId()}, {"error", what}});
        protocol::TaskStatusReport report;
        report.attempt = job->outbox->attempt();
        report.status = protocol::toText(protocol::TaskState::failed);
        report.error = task_errors::make(task_errors::kAgentFailure, services_.log.hub().redact(what));
        try {
            services_.journal.result(job->outbox->taskId(), job->outbox->attempt(),
                                     *core::wire::toJson(report).object());
        } catch (const core::Error&) {
            services_.log.error("A result could not be written to the journal",
                                {{"task_id", job->outbox->taskId()}});
        }
        job->outbox->setResult(std::move(report));
    }
    job->payload = {}; // the password with it
    reporter_.wake();
    {
        const std::lock_guard lock(mutex_);
        job->finished = true;
        if (ended) {
            const auto result = job->outbox->pending().result;
            if (result && job->work->kind.makesSnapshot) {
                lastBackup_ = LastBackup{result->status, services_.clock.now()};
                failures_ = result->status == "failed" ? failures_ + 1 : 0;
            }
        }
    }
    if (!stop.stop_requested()) {
        dispatch();
        changed_();
    }
}

void Executor::closed(const Outbox& outbox) {
    try {
        services_.journal.acknowledged(outbox.taskId(), outbox.attempt());
    } catch (const core::Error& error) {
        // The files stay: after a restart the result is reported once more, which changes nothing.
        services_.log.error("The journal cannot be written",
                            {{"task_id", outbox.taskId()}, {"error", error.what()}});
        return;
    }
    std::error_code ignored;
    const auto folder = services_.state.task(outbox.taskId(), outbox.attempt());
    std::filesystem::remove_all(folder, ignored);
    std::filesystem::remove(folder.parent_path(), ignored); // only if no other attempt is in it
}

void Executor::stop() {
    std::vector<std::shared_ptr<Job>> jobs;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        jobs.swap(jobs_);
    }
    for (const auto& job : jobs)
        job->thread.request_stop();
    for (const auto& job : jobs)
        if (job->thread.joinable())
            job->thread.join();
}

Executor::Load Executor::load() const {
    const std::lock_guard lock(mutex_);
    Load load;
    for (const auto& job : jobs_) {
        if (job->finished)
            continue;
        ++(job->running ? load.running : load.queued);
    }
    // What cannot be journaled is not taken: the server keeps it.
    if (!services_.state.lacksRoom())
        load.free =
            std::max<std::int64_t>(0, services_.config.agent.maxConcurrentTasks - load.running - load.queued);
    return load;
}

std::vector<protocol::OpenTask> Executor::openTasks() const {
    std::vector<protocol::OpenTask> out;
    for (const auto& task : services_.journal.open()) {
        const auto id = core::Uuid::parse(task.taskId);
        if (!id)
            continue;
        std::string status = task.starting ? "running" : "assigned";
        if (task.result)
            status = core::json::Value(*task.result).stringOr("status", status);
        out.push_back({*id, task.attempt, std::move(status)});
    }
    return out;
}

std::optional<Executor::LastBackup> Executor::lastBackup() const {
    const std::lock_guard lock(mutex_);
    return lastBackup_;
}

int Executor::failuresInARow() const {
    const std::lock_guard lock(mutex_);
    return failures_;
}

} // namespace agent
