#include "compliance/compliance_routes.h"

#include <algorithm>
#include <map>

#include "core/cron.h"
#include "core/zone.h"
#include "errors.h"
#include "policies/policy_store.h"

namespace restic {

using core::db::Transaction;
using core::http::Audit;
using core::http::Outcome;
using core::http::Permission;
using core::http::Request;
using core::http::Response;
using core::http::Role;
using core::wire::object;
using core::wire::strict;
using core::wire::tolerant;
using core::wire::typeOf;

namespace {
struct ComplianceList {
    std::vector<ComplianceReport> items;
};
const core::wire::Type& wireType(const ComplianceList*) {
    static const auto type =
        object<ComplianceList>("ComplianceList", tolerant).field("items", &ComplianceList::items).build();
    return type;
}

struct DayView {
    std::string day;
    std::string status;
    bool compliant = true;
    std::vector<std::string> violations;
};
const core::wire::Type& wireType(const DayView*) {
    static const auto type =
        object<DayView>("ComplianceDay", tolerant)
            .field("day", &DayView::day, {.doc = "In the zone of the target's policy: 2026-03-29"})
            .field("status", &DayView::status,
                   {.doc = "The worst of that day", .oneOf = {"healthy", "warning", "unhealthy", "unknown"}})
            .field("compliant", &DayView::compliant)
            .field("violations", &DayView::violations, {.doc = "Their types"})
            .build();
    return type;
}

struct TargetDays {
    core::Uuid target;
    std::vector<DayView> days;
};
const core::wire::Type& wireType(const TargetDays*) {
    static const auto type =
        object<TargetDays>("ComplianceDays", tolerant)
            .field("target_id", &TargetDays::target)
            .field("days", &TargetDays::days, {.doc = "Those that were looked at, the oldest first"})
            .build();
    return type;
}

struct DaysList {
    std::vector<TargetDays> items;
};
const core::wire::Type& wireType(const DaysList*) {
    static const auto type =
        object<DaysList>("ComplianceDaysList", tolerant).field("items", &DaysList::items).build();
    return type;
}

constexpr int kMostDays = 400;

struct DaysQuery {
    int days = 30;
    std::optional<core::Uuid> target;
};
const core::wire::Type& wireType(const DaysQuery*) {
    static const auto type =
        object<DaysQuery>("ComplianceDaysQuery", strict)
            .field("days", &DaysQuery::days,
                   {.doc = "So many until today", .optional = true, .min = 1, .max = kMostDays})
            .field("target_id", &DaysQuery::target)
            .build();
    return type;
}

std::optional<std::string> checkMonth(const std::string& text) {
    const bool good =
        text.size() == 7 && text[4] == '-' &&
        std::all_of(text.begin(), text.end(), [](char c) { return c == '-' || (c >= '0' && c <= '9'); }) &&
        text.substr(0, 4) >= "2000" && text.substr(5) >= "01" && text.substr(5) <= "12";
    return good ? std::nullopt : std::optional<std::string>("must be a month like 2026-03");
}

struct ReportQuery {
    std::string month;
    std::string language = "en";
};
const core::wire::Type& wireType(const ReportQuery*) {
    static const auto type =
        object<ReportQuery>("ComplianceReportQuery", strict)
            .field("month", &ReportQuery::month,
                   {.minLength = 7, .maxLength = 7, .example = "2026-03", .check = checkMonth})
            .field("language", &ReportQuery::language, {.optional = true, .oneOf = {"en", "de"}})
            .build();
    return type;
}

std::vector<std::string> wordsOf(const std::string& text) {
    std::vector<std::string> all;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(' ', at), text.size());
        all.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return all;
}

} // namespace

void ComplianceRoutes::addTo(std::vector<core::http::Route>& routes) const {
    const auto read = Permission::role("restic.status.read", Role::viewer);
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/policies/{id}/compliance",
                      .summary = "Whether a policy's targets have what it promises, one for each",
                      .permission = read,
                      .response = &typeOf<ComplianceList>(),
                      .errors = {&errors::kPolicyNotFound},
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto id = request.uuidParameter("id", errors::kPolicyNotFound);
                          return Response::of(s.database.read(request.tenant(), [&](Transaction& tx) {
                              if (!PolicyStore::find(tx, id))
                                  throw core::Error(errors::kPolicyNotFound,
                                                    "There is no policy with the id " + id.toString() + ".");
                              return ComplianceList{s.compliance.evaluateAll(tx, id)};
                          }));
                      }});
    routes.push_back(
        {.method = "GET",
         .path = "/api/v1/restic/compliance",
         .summary = "Whether all targets have what is promised of them",
         .permission = read,
         .response = &typeOf<ComplianceList>(),
         .handler = [s = *this](Request& request) -> Outcome {
             return Response::of(ComplianceList{s.database.read(
                 request.tenant(), [&](Transaction& tx) { return s.compliance.evaluateAll(tx); })});
         }});
    routes.push_back(
        {.method = "GET",
         .path = "/api/v1/restic/compliance/table",
         .summary = "The same as a table to keep",
         .permission = read,
         .responseMedia = "text/csv",
         .handler = [s = *this](Request& request) -> Outcome {
             auto table = Response::text(
                 asCsv(s.database.read(request.tenant(),
                                       [&](Transaction& tx) { return s.compliance.evaluateAll(tx); })),
                 "text/csv; charset=utf-8");
             table.headers.set("Content-Disposition", "attachment; filename=\"compliance.csv\"");
             return table;
         }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/compliance/days",
                      .summary = "How the targets were on each day",
                      .permission = read,
                      .query = &typeOf<DaysQuery>(),
                      .response = &typeOf<DaysList>(),
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto query = request.queryAs<DaysQuery>();
                          const auto& utc = *core::findTimeZone("UTC");
                          const auto now = s.clock.now();
                          // It may be a day ahead elsewhere.
                          const auto until = core::localDay(now + std::chrono::hours(24), utc);
                          const auto from = core::localDay(now - std::chrono::hours(24) * query.days, utc);
                          DaysList list;
                          for (auto& day : s.database.read(request.tenant(), [&](Transaction& tx) {
                                   return ComplianceStore::days(tx, from, until, query.target);
                               })) {
                              if (list.items.empty() || list.items.back().target != day.target)
                                  list.items.push_back({day.target, {}});
                              list.items.back().days.push_back({std::move(day.day), std::move(day.status),
                                                                day.compliant, wordsOf(day.violations)});
                          }
                          return Response::of(list);
                      }});
    routes.push_back({.method = "GET",
                      .path = "/api/v1/restic/compliance/report",
                      .summary = "A month's report as a page to print",
                      .permission = read,
                      .query = &typeOf<ReportQuery>(),
                      .responseMedia = "text/html",
                      .handler = [s = *this](Request& request) -> Outcome {
                          const auto query = request.queryAs<ReportQuery>();
                          std::vector<ReportedTarget> targets;
                          s.database.read(request.tenant(), [&](Transaction& tx) {
                              targets.clear();
                              std::map<core::Uuid, std::vector<ComplianceDay>> days;
                              for (auto& day :
                                   ComplianceStore::days(tx, query.month + "-01", query.month + "-31"))
                                  days[day.target].push_back(std::move(day));
                              for (auto& report : s.compliance.evaluateAll(tx)) {
                                  auto ofTarget = std::move(days[report.target]);
                                  targets.push_back({std::move(report), std::move(ofTarget)});
                              }
                              return 0;
                          });
                          return Response::text(asPage(query.month, targets, query.language, s.clock.now()),
                                                "text/html; charset=utf-8");
                      }});
}

} // namespace restic
