#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/encoding.h"
#include "schedule/cron_fields.h"

namespace core {

namespace {

struct FieldSpec {
    std::string_view name;
    int low;
    int high;
    int highOfStar; ///< what * and H end with: Sunday comes once, and a day of H in every month
    int highOfHash;
    std::vector<std::string_view> words; ///< names for low, low+1, …
};

const FieldSpec kMinute{"minute", 0, 59, 59, 59, {}};
const FieldSpec kHour{"hour", 0, 23, 23, 23, {}};
const FieldSpec kDay{"day of month", 1, 31, 31, 28, {}};
const FieldSpec kMonth{
    "month", 1,  12,
    12,      12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}};
const FieldSpec kWeekday{"day of week", 0, 7, 6, 6, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}};

std::string lower(std::string_view text) {
    std::string all(text);
    for (char& c : all)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return all;
}

std::optional<int> plainNumber(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    // from_chars takes a sign, a schedule does not: "0--0" is no range.
    if (error == std::errc{} && end == text.data() + text.size() && text.front() != '-')
        return value;
    return std::nullopt;
}

/// What one field names beside the words that only a day has.
struct Values {
    std::bitset<60> plain;  ///< by numbers and ranges
    std::bitset<60> hashed; ///< by H
    std::bitset<60> mayBe;  ///< what the H of another key may name
};

/// Reads one field, part by part.
class FieldReader {
public:
    FieldReader(const FieldSpec& spec, std::string_view key) : spec_(spec), key_(key) {}
    FieldReader(const FieldReader&) = delete;
    FieldReader& operator=(const FieldReader&) = delete;
    virtual ~FieldReader() = default;

    std::optional<Error> read(std::string_view field) {
        for (;;) {
            const auto comma = field.find(',');
            const std::string_view part = field.substr(0, comma);
            if (part.empty())
                return invalid(field, "has an empty part");
            const std::string word = lower(part);
            const auto special = readSpecial(part, word);
            if (auto error = special ? *special : readValues(part, word))
                return error;
            if (comma == std::string_view::npos)
                return std::nullopt;
            field = field.substr(comma + 1);
        }
    }
    [[nodiscard]] const Values& values() const { return values_; }
    [[nodiscard]] std::bitset<60> all() const { return values_.plain | values_.hashed; }

protected:
    using Outcome = std::optional<Error>;

    /// What only this field has; nullopt: it is none of that.
    virtual std::optional<Outcome> readSpecial(std::string_view /*part*/, const std::string& /*word*/) {
        return std::nullopt;
    }
    [[nodiscard]] Error invalid(std::string_view part, std::string_view why) const {
        return Error(errors::kValidation, fmt::format("The schedule's {} \"{}\" {}.", spec_.name, part, why));
    }
    /// A number or a name; nullopt: neither.
    [[nodiscard]] std::optional<int> numberOf(std::string_view word) const {
        if (const auto number = plainNumber(word))
            return number;
        const auto found = std::find(spec_.words.begin(), spec_.words.end(), word);
        if (found == spec_.words.end())
            return std::nullopt;
        return spec_.low + static_cast<int>(found - spec_.words.begin());
    }
    [[nodiscard]] bool isWithin(int value) const { return value >= spec_.low && value <= spec_.high; }
    [[nodiscard]] std::string bounds() const {
        return fmt::format("must be from {} to {}", spec_.low, spec_.high);
    }

private:
    struct Range {
        int low;
        int high;
    };

    /// "5" or "1-5".
    Outcome readRange(std::string_view part, std::string_view text, Range& range) const {
        const auto dash = text.find('-');
        const auto first = numberOf(text.substr(0, dash));
        auto last = dash == std::string_view::npos ? first : numberOf(text.substr(dash + 1));
        // A week that is named from Monday on ends with Sunday.
        if (first && last && *first > 0 && *last == 0 && text.ends_with(kWeekday.words.front()))
            last = kWeekday.high;
        if (!first || !last)
            return invalid(part, spec_.words.empty() ? "is no number" : "is neither a number nor a name");
        if (!isWithin(*first) || !isWithin(*last))
            return invalid(part, bounds());
        if (*first > *last)
            return invalid(part, "ends before it begins");
        range = {*first, *last};
        return std::nullopt;
    }

    /// "*", "5", "1-5", "H" and "H(1-5)", each with an optional "/step".
    Outcome readValues(std::string_view part, std::string_view word) {
        std::optional<int> step;
        std::string_view range = word;
        const auto slash = word.find('/');
        if (slash != std::string_view::npos) {
            range = word.substr(0, slash);
            step = plainNumber(word.substr(slash + 1));
            if (!step || *step < 1 || *step > spec_.high)
                return invalid(part, fmt::format("has a step that is no number from 1 to {}", spec_.high));
        }
        if (range.starts_with('h'))
            return readHash(part, range.substr(1), step);
        Range found{spec_.low, spec_.highOfStar};
        if (range != "*") {
            if (auto error = readRange(part, range, found))
                return error;
            if (step && range.find('-') == std::string_view::npos)
                found.high = std::max(spec_.highOfStar, found.low);
        }
        for (int value = found.low; value <= found.high; value += step.value_or(1))
            values_.plain.set(static_cast<std::size_t>(value));
        return std::nullopt;
    }

    Outcome readHash(std::string_view part, std::string_view behind, std::optional<int> step) {
        Range range{spec_.low, spec_.highOfHash};
        if (!behind.empty()) {
            if (!behind.starts_with('(') || !behind.ends_with(')') ||
                behind.find('-') == std::string_view::npos)
                return invalid(part, "is no H, H(from-to), H/step or H(from-to)/step");
            if (auto error = readRange(part, behind.substr(1, behind.size() - 2), range))
                return error;
        }
        const int size = range.high - range.low + 1;
        if (step && *step > size)
            return invalid(part, fmt::format("has a step above {}, the number of its values", size));
        const int chosen =
            range.low + static_cast<int>(number() % static_cast<unsigned>(step.value_or(size)));
        for (int value = chosen; value <= range.high; value += step.value_or(size))
            values_.hashed.set(static_cast<std::size_t>(value));
        for (int value = range.low; value <= range.high; ++value)
            values_.mayBe.set(static_cast<std::size_t>(value));
        return std::nullopt;
    }

    /// What the key means in this field: for ever the same.
    [[nodiscard]] std::uint64_t number() const {
        const auto digest = sha256(fmt::format("{}\n{}", spec_.name, key_));
        std::uint64_t value = 0;
        for (const char byte : std::string_view(digest).substr(0, 8))
            value = value << 8U | static_cast<unsigned char>(byte);
        return value;
    }

    const FieldSpec& spec_;
    std::string_view key_;
    Values values_;
};

/// L, L-3, LW, 15W.
class DayReader : public FieldReader {
public:
    DayReader(std::string_view key, CronFields& fields) : FieldReader(kDay, key), fields_(fields) {}

private:
    std::optional<Outcome> readSpecial(std::string_view part, const std::string& word) override {
        if (word == "lw") {
            fields_.lastWorkday = true;
            return Outcome();
        }
        if (word.ends_with('w')) {
            const auto day = plainNumber(std::string_view(word).substr(0, word.size() - 1));
            if (!day || !isWithin(*day))
                return invalid(part, "has a W behind what is no day from 1 to 31, and no L");
            fields_.nearWorkdays.set(static_cast<std::size_t>(*day));
            return Outcome();
        }
        if (!word.starts_with('l'))
            return std::nullopt;
        const auto before =
            word == "l" ? 0 : plainNumber(word.starts_with("l-") ? std::string_view(word).substr(2) : "");
        if (!before || *before > 30)
            return invalid(part, "is no L, and no L-1 to L-30 for a day before the last one");
        fields_.daysBeforeLast.set(static_cast<std::size_t>(*before));
        return Outcome();
    }
    CronFields& fields_;
};

/// 5L, friL, fri#2.
class WeekdayReader : public FieldReader {
public:
    WeekdayReader(std::string_view key, CronFields& fields) : FieldReader(kWeekday, key), fields_(fields) {}

private:
    std::optional<Outcome> readSpecial(std::string_view part, const std::string& word) override {
        const std::string_view text(word);
        const auto hash = text.find('#');
        if (hash == std::string_view::npos && !text.ends_with('l'))
            return std::nullopt;
        const auto day = numberOf(text.substr(0, hash == std::string_view::npos ? text.size() - 1 : hash));
        if (!day || !isWithin(*day))
            return invalid(part, "names no day of the week before its L or #, like friL or fri#2");
        const auto weekday = static_cast<std::size_t>(*day % 7);
        if (hash == std::string_view::npos) {
            fields_.lastWeekdays.set(weekday);
            return Outcome();
        }
        const auto nth = plainNumber(text.substr(hash + 1));
        if (!nth || *nth < 1 || *nth > 5)
            return invalid(part, "must have a number from 1 to 5 behind its #");
        fields_.nthWeekdays[static_cast<std::size_t>(*nth)].set(weekday);
        return Outcome();
    }
    CronFields& fields_;
};

std::string_view expand(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kShort{
        {{"@hourly", "0 * * * *"},
         {"@daily", "0 0 * * *"},
         {"@midnight", "0 0 * * *"},
         {"@weekly", "0 0 * * 0"},
         {"@monthly", "0 0 1 * *"},
         {"@yearly", "0 0 1 1 *"},
         {"@annually", "0 0 1 1 *"}}};
    for (const auto& [name, fields] : kShort)
        if (name == lower(text))
            return fields;
    return text;
}

std::vector<std::string_view> split(std::string_view rest) {
    std::vector<std::string_view> fields;
    for (;;) {
        const auto begin = rest.find_first_not_of(" \t");
        if (begin == std::string_view::npos)
            return fields;
        rest = rest.substr(begin);
        const auto end = rest.find_first_of(" \t");
        fields.push_back(rest.substr(0, end));
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
    }
}

template <std::size_t N, std::size_t M>
void take(std::bitset<N>& to, const std::bitset<M>& from) {
    for (std::size_t i = 0; i < std::min(N, M); ++i)
        to[i] = from[i];
}

/// What a field may stand for with another key: either what it names without an H, which is in it with every
/// key, or any single value of its H.
std::vector<std::vector<std::bitset<60>>> readingsOf(const Values& values, bool hasMore) {
    std::vector<std::vector<std::bitset<60>>> all;
    if (values.plain.any() || hasMore)
        all.push_back({values.plain});
    std::vector<std::bitset<60>> single;
    for (std::size_t i = 0; i < values.mayBe.size(); ++i)
        if (values.mayBe[i])
            single.push_back(std::bitset<60>().set(i));
    if (!single.empty())
        all.push_back(std::move(single));
    return all;
}

/// Whether the days come some day, whatever the key: what is refused does not depend on it.
bool comes(const CronFields& fields, const FieldReader& days, const FieldReader& months) {
    const bool specialDay = fields.daysBeforeLast.any() || fields.nearWorkdays.any() || fields.lastWorkday;
    for (const auto& someDays : readingsOf(days.values(), specialDay))
        for (const auto& someMonths : readingsOf(months.values(), false)) {
            const bool always = std::all_of(someDays.begin(), someDays.end(), [&](const auto& day) {
                return std::all_of(someMonths.begin(), someMonths.end(), [&](const auto& month) {
                    CronFields one = fields;
                    take(one.days, day);
                    take(one.months, month);
                    return one.comeIn(one.months);
                });
            });
            if (always)
                return true;
        }
    return false;
}

} // namespace

Result<CronFields> parseCronFields(std::string_view expression, std::string_view key) {
    const auto fields = split(expression);
    const auto text = fields.size() == 1 ? split(expand(fields[0])) : fields;
    if (text.size() != 5)
        return Error(errors::kValidation,
                     fmt::format("The schedule \"{}\" must have five fields: minute hour day month weekday, "
                                 "like \"0 2 * * *\".",
                                 expression));
    CronFields cron;
    FieldReader minutes(kMinute, key);
    FieldReader hours(kHour, key);
    DayReader days(key, cron);
    FieldReader months(kMonth, key);
    WeekdayReader weekdays(key, cron);
    const std::array<FieldReader*, 5> readers{&minutes, &hours, &days, &months, &weekdays};
    for (std::size_t i = 0; i < readers.size(); ++i) {
        if (auto error = readers[i]->read(text[i]))
            return *error;
        cron.keyed = cron.keyed || readers[i]->values().hashed.any();
    }
    take(cron.minutes, minutes.all());
    take(cron.hours, hours.all());
    take(cron.days, days.all());
    take(cron.months, months.all());
    take(cron.weekdays, weekdays.all());
    if (weekdays.all().test(7))
        cron.weekdays.set(0);
    cron.anyHour = text[1].starts_with('*');
    cron.anyDay = text[2].starts_with('*');
    cron.anyWeekday = text[4].starts_with('*');
    if (comes(cron, days, months))
        return cron;
    if (cron.anyDay || text[4] != "*")
        return Error(
            errors::kValidation,
            fmt::format("The schedule's day of month \"{}\" and day of week \"{}\" never fall on one "
                        "date in its month \"{}\", and both must, as one begins with *. Correct one "
                        "of the three.",
                        text[2], text[4], text[3]));
    return Error(errors::kValidation,
                 fmt::format("The schedule's day of month \"{}\" {} in its month \"{}\". Correct the day or "
                             "the month.",
                             text[2],
                             days.values().mayBe.any() || months.values().mayBe.any()
                                 ? "does not come with every choice of H"
                                 : "names a date that never comes",
                             text[3]));
}

} // namespace core
