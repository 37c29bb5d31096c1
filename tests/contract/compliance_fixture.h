#pragma once

#include "compliance/compliance_evaluator.h"
#include "compliance/compliance_service.h"
#include "contract/restic_fixture.h"
#include "repositories/maintenance_plan.h"
#include "repositories/schedule_store.h"
#include "schedule/doubt_checks.h"

namespace test {

/// One machine that saves to a repository each night by a policy, and what is to be told of it.
class ComplianceParts : public ResticParts {
protected:
    ComplianceParts() {
        restic::RepositorySpec spec;
        spec.name = "store";
        spec.type = "rest";
        spec.url = "rest:http://backup.example/store";
        spec.password = kSecret;
        store = here([&](Transaction& tx) { return host.repositories.create(tx, spec).id; });
        auto wanted = draft("nightly", "0 2 * * *");
        wanted.repository = store;
        nightly = policy(tenant, wanted).id;
        link(tenant, web, nightly);
        worked(store, web);
    }

    /// All that waits for the machine is done, with that outcome.
    void work(const restic::protocol::TaskStatusReport& outcome) {
        for (int i = 0; i < 20; ++i) {
            const auto given = host.tasks.handOut(tenant, web, 50).items;
            if (given.empty())
                return;
            for (const auto& envelope : given) {
                const auto id = Uuid::parse(*envelope.payload.find("task_id")->string()).value();
                host.tasks.report(tenant, web, id, outcome);
            }
        }
    }
    /// A task of the machine by hand, with that outcome.
    Uuid perform(restic::TaskRequest request, const restic::protocol::TaskStatusReport& outcome) {
        const auto id = host.tasks.create(tenant, request).id;
        host.tasks.handOut(tenant, web, 50);
        host.tasks.report(tenant, web, id, outcome);
        return id;
    }
    Uuid backup(char digit) { return perform(ofPolicy(web, nightly), done(digit)); }
    Uuid forget(const restic::protocol::TaskStatusReport& outcome) {
        auto request = ofPolicy(web, nightly);
        request.type = "forget";
        request.target = target().id;
        return perform(request, outcome);
    }
    Uuid check(const restic::protocol::TaskStatusReport& outcome) {
        auto request = manual(web, store);
        request.type = "check";
        request.parameters = core::json::Object();
        return perform(request, outcome);
    }
    static restic::protocol::TaskStatusReport good() {
        auto report = said("success");
        report.result = core::json::Object{{"outcome", "success"}};
        return report;
    }
    restic::TargetStatus target() { return host.status.get(tenant, "web-01:nightly", {}); }
    restic::ComplianceReport report() {
        const auto all = here([&](Transaction& tx) { return compliance.evaluateAll(tx, nightly); });
        EXPECT_EQ(all.size(), 1U);
        return all.at(0);
    }
    /// "TYPE SEVERITY" of each.
    std::vector<std::string> violations() {
        std::vector<std::string> all;
        for (const auto& one : report().violations)
            all.push_back(one.type + " " + one.severity);
        return all;
    }

    Uuid web = agent("web-01");
    Uuid store, nightly;
    restic::ComplianceService compliance{clock, host.status};
    restic::DoubtChecks doubts{host.tasks, clock, fixture.log.logger()};
    restic::ComplianceEvaluator evaluator{
        db, clock, bus, host.status, fixture.log.logger(), core::milliseconds(std::chrono::hours(400 * 24))};
};

} // namespace test
