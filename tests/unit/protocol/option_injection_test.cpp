#include <algorithm>

#include <gtest/gtest.h>

#include "restic/protocol/repository_config.h"
#include "support/hostile_words.h"
#include "support/kind_values.h"

/// What somebody writes into a field of a repository is one value of restic, or it is refused with the
/// field's name: by the declarations, so that a new kind and a new field are tested with the others.
namespace restic::protocol {
namespace {

constexpr auto kFile = "/tmp/never-made";

bool isOneLine(const std::string& text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// The words into which restic splits the value of an option: at white space, but not between quotes.
std::vector<std::string> wordsOf(const std::string& command) {
    std::vector<std::string> words;
    std::string word;
    char quote = '\0';
    bool isWord = false;
    for (const char c : command) {
        if (quote != '\0' && c == quote)
            quote = '\0';
        else if (quote == '\0' && (c == '\'' || c == '"'))
            quote = c, isWord = true;
        else if (quote == '\0' && c == ' ') {
            if (isWord)
                words.push_back(word);
            word.clear();
            isWord = false;
        } else
            word += c, isWord = true;
    }
    EXPECT_EQ(quote, '\0') << command;
    if (isWord)
        words.push_back(word);
    return words;
}

RepositoryValues withFiles(const RepositoryKind& kind, const RepositoryConfig& config) {
    auto values = config.values;
    for (const auto& field : kind.fields)
        if (field.secret && field.asFile &&
            (config.secrets.contains(field.name) || config.files.contains(field.name)))
            values[field.name] =
                config.files.contains(field.name) ? config.files.at(field.name) : "/proc/1/fd/3";
    return values;
}

/// Of everything that restic gets: how many words its options are, and that nothing else is one.
std::vector<std::size_t> shapeOf(const RepositoryKind& kind, const RepositoryConfig& config) {
    const auto address = kind.address(config.values);
    EXPECT_TRUE(kind.onDisk ? address.starts_with("/") : address.starts_with(kind.prefix)) << address;
    EXPECT_TRUE(isOneLine(address)) << address;
    for (const auto& field : kind.fields)
        if (!field.variable.empty() && !field.asFile)
            for (const auto* values : {&config.values, &config.secrets})
                if (const auto found = values->find(field.name); found != values->end()) {
                    EXPECT_TRUE(isOneLine(found->second)) << field.name;
                }
    std::vector<std::size_t> shape;
    if (kind.options != nullptr)
        for (const auto& option : kind.options(withFiles(kind, config))) {
            EXPECT_TRUE(isOneLine(option)) << option;
            shape.push_back(wordsOf(option).size());
        }
    return shape;
}

class OptionInjection : public testing::TestWithParam<const RepositoryKind*> {
protected:
    /// Tries each hostile word in the field, alone and behind what the field's values begin with.
    void tryField(const std::string& name, const RepositoryField& field, const std::string& benign) {
        const auto& kind = *GetParam();
        auto config = test::requiredFields(kind, 1);
        if (field.range)
            config.set(name, field.range->first);
        else
            config.set(name, benign);
        const auto good = readConfig(kind, config);
        ASSERT_TRUE(good) << name << ": " << good.error().details().front().message;
        const auto expected = shapeOf(kind, good.value());
        for (const auto& word : test::hostileWords(kFile))
            for (const auto& value : {word, benign + word, "/" + word, "https://h/" + word}) {
                SCOPED_TRACE(name + "=" + value);
                config.set(name, value);
                const auto read = readConfig(kind, config);
                if (read) {
                    EXPECT_EQ(shapeOf(kind, read.value()), expected);
                    continue;
                }
                EXPECT_TRUE(std::any_of(read.error().details().begin(), read.error().details().end(),
                                        [&](const auto& one) { return one.pointer == "/" + name; }));
            }
    }
};
INSTANTIATE_TEST_SUITE_P(Kinds, OptionInjection, testing::ValuesIn(repositoryKinds()),
                         [](const auto& instance) { return instance.param->name; });

TEST_P(OptionInjection, IsOneValueOrRefusedWithTheFieldsName) {
    for (const auto& field : GetParam()->fields) {
        if (!field.secret) {
            const auto required = test::requiredFields(*GetParam(), 1);
            const auto* known = required.find(field.name);
            tryField(field.name, field,
                     known != nullptr                  ? *known->string()
                     : field.name.ends_with("_file")   ? "/x"
                     : field.check && field.check("w") ? "https://h/"
                                                       : "w");
            continue;
        }
        const auto benign = test::valueWith(field, "a secret");
        ASSERT_TRUE(benign) << field.name;
        tryField(field.name, field, *benign);
        tryField(field.name + "_file", field, "/run/secret");
    }
}

} // namespace
} // namespace restic::protocol
