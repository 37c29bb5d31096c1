#include <random>

#include "contract/restic_fixture.h"
#include "restic/protocol/agent_messages.h"
#include "restic/protocol/backup_task.h"

namespace test {
namespace {

using core::json::Array;
using core::json::Object;
using core::json::Value;

/// Documents of a wire type's own schema, with what lies at and beyond its edges.
class Documents {
public:
    Documents(const core::wire::Type& type, unsigned seed) : random_(seed) {
        std::vector<const core::wire::Type*> used{&type};
        for (std::size_t i = 0; i < used.size(); ++i)
            if (!schemas_.contains(used[i]->name()))
                schemas_.emplace(used[i]->name(), used[i]->schema(used));
        root_ = type.name();
    }
    /// Every second one has nothing but what the schema allows.
    Object next() {
        tame_ = !tame_;
        return object(schemas_.at(root_), 0);
    }

private:
    std::size_t below(std::size_t count) {
        return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
    }
    template <typename T>
    const T& oneOf(const std::vector<T>& all) {
        return all[below(all.size())];
    }

    Object object(const Object& schema, int depth) {
        Object made;
        if (const auto* properties = schema.find("properties"))
            for (const auto& [name, field] : properties->object()->members())
                if (below(4) > 0)
                    made.set(name, value(*field.object(), depth + 1));
        // What a later version might add.
        made.set("novelty",
                 oneOf<Value>({Value(1e19), Value(-1e22), Value(1e308), Value(5e-324), Value(INT64_MIN),
                               Value("x"), Value(nullptr), Value(Array{1e19, Object{{"a", 1e25}}})}));
        return made;
    }
    Value value(const Object& schema, int depth) {
        if (const auto* reference = schema.find("$ref")) {
            const auto& name = *reference->string();
            return object(schemas_.at(name.substr(name.rfind('/') + 1)), depth);
        }
        if (const auto* names = schema.find("enum"))
            return (*names->array())[below(names->array()->size())];
        std::string kind = "object";
        if (const auto* type = schema.find("type")) {
            if (type->array() != nullptr && below(8) == 0)
                return nullptr;
            kind = type->array() != nullptr ? *(*type->array())[0].string() : *type->string();
        }
        if (kind == "boolean")
            return below(2) == 0;
        const auto* least = schema.find("minimum");
        if (tame_ && (kind == "integer" || kind == "number"))
            return least != nullptr ? *least : Value(1);
        if (tame_ && kind == "string" && schema.find("format") == nullptr) {
            const auto* most = schema.find("maxLength");
            return most != nullptr && *most->integer() < 64 ? "aaaaaaaa" : std::string(64, 'a');
        }
        if (kind == "integer")
            return oneOf<Value>({Value(0), Value(1), Value(-1), Value(2147483647), Value(2147483648),
                                 Value(INT64_MAX), Value(INT64_MIN), Value(1e19), Value(64)});
        if (kind == "number")
            return oneOf<Value>({Value(0), Value(0.1), Value(-7), Value(99.99999999999999), Value(1e19),
                                 Value(1e22), Value(1e308), Value(5e-324), Value(100)});
        if (kind == "array") {
            Array list;
            for (auto count = below(4); count > 0; --count)
                list.push_back(value(*schema.find("items")->object(), depth + 1));
            return list;
        }
        if (kind == "object")
            return Object{{"a", 1}, {"b", Array{1e19, "x"}}};
        if (schema.find("format") != nullptr && *schema.find("format")->string() == "date-time")
            return tame_ ? Value("2026-01-31T02:00:00.000Z")
                         : oneOf<Value>({Value("2026-01-31T02:00:00.000Z"), Value("1970-01-01T00:00:00Z"),
                                         Value("9999-12-31T23:59:59.999Z"), Value("10000-01-01T00:00:00Z"),
                                         Value("2026-02-30T00:00:00Z")});
        if (schema.find("format") != nullptr && *schema.find("format")->string() == "uuid")
            return newId().toString();
        return oneOf<Value>({Value(""), Value("web-01"), Value(std::string(64, 'a')),
                             Value("Größe \xF0\x9F\x92\xBE"), Value("a\nb\t\x1b[31m\x7f"),
                             Value("\xE2\x80\xAE"), Value(std::string(70000, 'x')),
                             Value("'; DROP TABLE restic_agents; --"), Value("\\u0000"), Value("\"")});
    }

    std::mt19937 random_;
    std::map<std::string, Object> schemas_;
    std::string root_;
    bool tame_ = false;
};

class ResticWire : public ResticParts {
protected:
    Uuid web = agent("web-01");

    Value stored(const Value& document) {
        setMetadata(tenant, web, document);
        return here([&](Transaction& tx) { return restic::AgentStore::find(tx, web)->metadata; });
    }

    template <typename T>
    void roundTrips() {
        const auto& type = core::wire::typeOf<T>();
        Documents documents(type, 7);
        int taken = 0;
        for (int i = 0; i < 150; ++i) {
            const Object document = documents.next();
            SCOPED_TRACE(type.name() + " " + core::json::write(document).substr(0, 2000));
            // As it came: what a tolerant reader ignores is kept as well, and must be readable.
            const Value kept = stored(document);
            ASSERT_NE(kept.object(), nullptr);
            EXPECT_EQ(kept.object()->members().size(), document.members().size());
            const auto read = core::wire::read<T>(document);
            const auto again = core::wire::read<T>(kept);
            ASSERT_EQ(read.ok(), again.ok()) << (again.ok() ? "" : again.error().what());
            if (!read.ok())
                continue;
            ++taken;
            const auto written = core::wire::write(read.value());
            EXPECT_EQ(core::wire::write(again.value()), written);
            // As the module writes it.
            const auto parsed = core::json::parse(written);
            ASSERT_TRUE(parsed.ok()) << "what was written cannot be read: " << written;
            const auto back = core::wire::read<T>(stored(parsed.value()));
            ASSERT_TRUE(back.ok()) << back.error().what();
            EXPECT_EQ(core::wire::write(back.value()), written);
        }
        EXPECT_GT(taken, 0) << type.name() << ": nothing that the generator makes is ever taken";
    }
};
BOTH_DATABASES(ResticWire);

TEST_P(ResticWire, WhatIsTakenIsStoredAndReadAgainAsItWas) {
    namespace protocol = restic::protocol;
    roundTrips<protocol::RegisterRequest>();
    roundTrips<protocol::DiskUsage>();
    roundTrips<protocol::OpenTask>();
    roundTrips<protocol::HeartbeatRequest>();
    roundTrips<protocol::Progress>();
    roundTrips<protocol::UnreadItem>();
    roundTrips<protocol::TaskNotice>();
    roundTrips<protocol::BackupResult>();
    roundTrips<protocol::TaskError>();
    roundTrips<protocol::TaskStatusReport>();
    roundTrips<protocol::TaskStatusAck>();
    roundTrips<protocol::LogLine>();
    roundTrips<protocol::LogBatch>();
    roundTrips<protocol::Retention>();
    roundTrips<protocol::CancelPayload>();
    roundTrips<protocol::BackupTask>();
}

} // namespace
} // namespace test
