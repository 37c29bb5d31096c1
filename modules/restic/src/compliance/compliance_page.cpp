#include <map>

#include <fmt/format.h>

#include "compliance/compliance_service.h"

namespace restic {

namespace {
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text)
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += c;
        }
    return out;
}

struct Words {
    const char* title;
    const char* summary; ///< of so many of so many
    const char* target;
    const char* days;
    const char* kept;
    const char* violations;
    const char* none;
    const char* made;
    std::map<std::string, const char*> types;
};

const Words& wordsIn(const std::string& language) {
    static const Words english{"Backups in {0}",
                               "{0} of {1} kept what is promised on every day that was looked at.",
                               "Target",
                               "Days (✓ kept, ✕ not, · not looked at)",
                               "Days kept",
                               "What was missing",
                               "nothing",
                               "Made at {0}",
                               {{"snapshot_too_old", "snapshot too old"},
                                {"no_recent_backup", "no recent backup"},
                                {"retention_violated", "retention not kept"},
                                {"backup_failed", "backup failed"}}};
    static const Words german{"Sicherungen im Monat {0}",
                              "{0} von {1} haben an jedem betrachteten Tag gehalten, was zugesagt ist.",
                              "Ziel",
                              "Tage (✓ eingehalten, ✕ nicht, · nicht betrachtet)",
                              "Tage eingehalten",
                              "Was fehlte",
                              "nichts",
                              "Erstellt am {0}",
                              {{"snapshot_too_old", "Snapshot zu alt"},
                               {"no_recent_backup", "keine neuere Sicherung"},
                               {"retention_violated", "Aufbewahrung nicht eingehalten"},
                               {"backup_failed", "Sicherung fehlgeschlagen"}}};
    return language == "de" ? german : english;
}

int daysIn(const std::string& month) {
    const auto year = std::chrono::year(std::stoi(month.substr(0, 4)));
    const auto last =
        year / std::chrono::month(static_cast<unsigned>(std::stoi(month.substr(5, 2)))) / std::chrono::last;
    return static_cast<int>(static_cast<unsigned>(last.day()));
}
} // namespace

std::string asPage(const std::string& month, const std::vector<ReportedTarget>& targets,
                   const std::string& language, core::Instant now) {
    const auto& words = wordsIn(language);
    std::string rows;
    std::size_t whole = 0;
    for (const auto& one : targets) {
        std::map<int, const ComplianceDay*> known;
        std::map<std::string, int> missing;
        int kept = 0, told = 0;
        for (const auto& day : one.days) {
            if (day.status == "unknown")
                continue; // it says nothing of that day
            ++told;
            known[std::stoi(day.day.substr(8, 2))] = &day;
            kept += day.compliant ? 1 : 0;
            for (const auto& [type, text] : words.types)
                if (!day.compliant && day.violations.find(type) != std::string::npos)
                    ++missing[text];
        }
        whole += told > 0 && kept == told ? 1 : 0;
        std::string strip;
        for (int day = 1; day <= daysIn(month); ++day) {
            const auto found = known.find(day);
            strip += found == known.end() ? "·" : found->second->compliant ? "✓" : "✕";
        }
        std::string why;
        for (const auto& [text, count] : missing)
            why += fmt::format("{}{} ({})", why.empty() ? "" : ", ", text, count);
        rows += fmt::format(
            "<tr><td>{}<br><small>{}</small></td><td class=\"days\">{}</td><td>{}/{}</td><td>{}</td>"
            "</tr>\n",
            escaped(one.now.targetName), escaped(one.now.policyName.value_or("")), strip, kept, told,
            why.empty() ? words.none : escaped(why));
    }
    const auto title = fmt::format(fmt::runtime(words.title), month);
    return fmt::format(
        "<!doctype html>\n<html lang=\"{0}\"><head><meta charset=\"utf-8\"><title>{1}</title>\n"
        "<style>body{{font-family:system-ui,sans-serif;margin:2rem;color:#111;background:#fff}}"
        "table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;padding:.3rem "
        ".6rem;border-bottom:1px "
        "solid #ccc;vertical-align:top}}.days{{font-family:monospace;letter-spacing:.1em;white-space:nowrap}}"
        "@page{{size:A4 "
        "landscape}}</style></head>\n<body><h1>{1}</h1><p>{2}</p>\n<table><thead><tr>"
        "<th>{3}</th><th>{4}</th><th>{5}</th><th>{6}</th></tr></thead><tbody>\n{7}</tbody></table>\n"
        "<p><small>{8}</small></p></body></html>\n",
        language, escaped(title), fmt::format(fmt::runtime(words.summary), whole, targets.size()),
        words.target, words.days, words.kept, words.violations, rows,
        fmt::format(fmt::runtime(words.made), core::formatInstant(now)));
}

} // namespace restic
