#include <latch>
#include <thread>

#include <gmock/gmock.h>

#include "contract/db_fixture.h"
#include "core/testing/fake_clock.h"
#include "http/idempotency.h"

namespace test {
namespace {

using namespace std::chrono_literals;
using core::http::Idempotency;
using core::http::Outcome;
using core::http::Principal;
using core::http::PrincipalKind;
using core::http::Request;
using core::http::Response;
using testing::HasSubstr;
using testing::Not;

const std::string kKey = "5b1c0f3e-6d0a-4c57-9d70-0b9b3b2a1c11";

std::vector<ModuleMigrations> schema(Dialect dialect) {
    auto all = itemsSchema(dialect);
    all.insert(all.begin(), core::db::coreMigrations(dialect));
    return all;
}

/// Requests that each add one item, as a route does.
class CoreIdempotency : public BothDatabases {
protected:
    void SetUp() override {
        db.setAuditWriter([](Transaction&, const Uuid*, const core::AuditEntry&) {});
    }

    [[nodiscard]] Request request(const std::string& body, const std::string& key = kKey) const {
        Request made;
        made.method = "POST";
        made.path = "/api/v1/items";
        made.body = body;
        made.caller = caller;
        if (!key.empty())
            made.headers.add("idempotency-key", key);
        made.auditTrail = std::make_shared<core::AuditTrail>();
        made.auditTrail->pending = true;
        made.auditTrail->entry.action = "items.item.created";
        return made;
    }
    /// A handler that adds an item named as the body and, if asked, keeps the answer with it.
    core::http::Handler adding(bool keep, std::function<void()> afterwards = {}) {
        return [this, keep, afterwards](Request& request) -> Outcome {
            ++runs;
            auto answer = db.transact(request.tenant(), [&](Transaction& tx) {
                const auto id = newId();
                insert(tx, request.body, id);
                request.audit().object("item", id.toString());
                auto made = Response::json("{\"id\":\"" + id.toString() + "\"}", 201);
                made.headers.add("Cache-Control", "no-store");
                return keep ? request.keep(std::move(made)) : made;
            });
            if (afterwards)
                afterwards();
            return answer;
        };
    }
    Response send(Request made, const core::http::Handler& handler) const {
        return std::get<Response>(keys.handle(made, handler));
    }
    /// The name of the error that comes instead of an answer, "" if there is one.
    std::string refusal(const std::string& body, const std::string& key = kKey) {
        try {
            send(request(body, key), adding(true));
            return "";
        } catch (const Error& error) {
            return std::string(error.name());
        }
    }
    std::int64_t items() { return count(db, TenantContext(*caller.tenant)); }
    std::int64_t rows() {
        return db.run(SystemContext("test"), {{"SELECT count(*) FROM core_idempotency_keys"}}, false)
            .at(0)[0]
            .integer(0);
    }

    TestDatabase fixture{GetParam(), schema(GetParam())};
    Database& db = fixture.db();
    FakeClock clock;
    Principal caller{
        PrincipalKind::user, newId(), "ada@example.com", newId(), core::http::Role::admin, false, {}};
    Idempotency keys{db, clock, fixture.log.logger(), 24h};
    std::atomic<int> runs{0};
};
BOTH_DATABASES(CoreIdempotency);

TEST_P(CoreIdempotency, ARepetitionIsGivenTheFirstAnswerAndChangesNothing) {
    for (const bool keep : {true, false}) {
        const auto key = kKey + (keep ? "-kept" : "-later");
        const auto body = keep ? "kept" : "later";
        const auto before = items();
        runs = 0;
        const auto first = send(request(body, key), adding(keep));
        EXPECT_EQ(first.status, 201);
        EXPECT_EQ(first.headers.find("Idempotency-Replayed"), nullptr);
        for (int i = 0; i < 3; ++i) {
            const auto again = send(request(body, key), adding(keep));
            EXPECT_EQ(again.status, 201);
            EXPECT_EQ(again.body, first.body);
            EXPECT_EQ(again.headers.get("Cache-Control"), "no-store");
            EXPECT_EQ(again.headers.get("Content-Type"), first.headers.get("Content-Type"));
            EXPECT_EQ(again.headers.get("Idempotency-Replayed"), "true");
        }
        EXPECT_EQ(runs, 1);
        EXPECT_EQ(items(), before + 1);
    }
}

TEST_P(CoreIdempotency, WithoutAKeyEachRequestIsANewOne) {
    send(request("one", ""), adding(true));
    send(request("two", ""), adding(true));
    EXPECT_EQ(items(), 2);
    EXPECT_EQ(rows(), 0);
}

TEST_P(CoreIdempotency, AKeyIsOneCallersForOneRequest) {
    send(request("one"), adding(true));
    EXPECT_EQ(refusal("two"), "IdempotencyKeyReused");
    auto elsewhere = request("one");
    elsewhere.path = "/api/v1/other";
    EXPECT_THROW(send(elsewhere, adding(true)), Error);
    EXPECT_EQ(items(), 1);

    // Somebody else, or the same person in another tenant, may use the same one.
    caller.id = newId();
    send(request("three"), adding(true));
    caller.tenant = newId();
    send(request("four"), adding(true));
    EXPECT_EQ(runs, 3);
    EXPECT_EQ(rows(), 3);
}

TEST_P(CoreIdempotency, AKeyThatCouldBeGuessedOrForgesALineIsRefused) {
    for (const auto& key : {std::string("1"), std::string(15, 'x'), std::string(129, 'x'),
                            std::string("sixteen-but-with a-blank"), std::string("sixteen-characters\n")})
        EXPECT_EQ(refusal("one", key), "ValidationError") << key;
    EXPECT_EQ(runs, 0);
    EXPECT_EQ(refusal("one", std::string(16, 'x')), "");
    EXPECT_EQ(refusal("two", std::string(128, 'x')), "");
}

TEST_P(CoreIdempotency, ARefusedRequestMayBeCorrectedUnderTheSameKey) {
    const auto refusing = [](Request&) -> Outcome {
        throw Error(core::errors::kValidation, "The name is missing.");
    };
    EXPECT_THROW(send(request("one"), refusing), Error);
    const auto unwilling = [](Request&) -> Outcome {
        return Response::error(Error(core::errors::kConflict, "Not now."));
    };
    EXPECT_EQ(send(request("one"), unwilling).status, 409);
    EXPECT_EQ(rows(), 0);
    EXPECT_EQ(send(request("two"), adding(true)).status, 201);
}

TEST_P(CoreIdempotency, AnAnswerThatChangedNothingIsTheAnswerAgain) {
    const auto there = [this](Request&) -> Outcome {
        ++runs;
        return Response::json("{\"id\":\"the one that waits\"}", 202);
    };
    const auto first = send(request("one"), there);
    const auto again = send(request("one"), there);
    EXPECT_EQ(again.status, 202);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(runs, 1);
}

TEST_P(CoreIdempotency, WhatWasKeptWithTheChangeSurvivesWhoeverMadeIt) {
    const auto dies = [] { throw std::runtime_error("the host dies after the commit"); };
    EXPECT_THROW(send(request("one"), adding(true, dies)), std::runtime_error);
    EXPECT_EQ(items(), 1);
    const auto again = send(request("one"), adding(true));
    EXPECT_EQ(again.status, 201);
    EXPECT_THAT(again.body, HasSubstr("\"id\""));
    EXPECT_EQ(items(), 1);
}

TEST_P(CoreIdempotency, AnAnswerMayBeAnyBytes) {
    const std::string bytes("\xff\x00\xfe\"", 4);
    const auto handler = [&](Request& request) -> Outcome {
        return db.transact(request.tenant(), [&](Transaction& tx) {
            insert(tx, request.body);
            return request.keep(Response::text(bytes, "application/octet-stream"));
        });
    };
    EXPECT_EQ(send(request("one"), handler).body, bytes);
    const auto again = send(request("one"), handler);
    EXPECT_EQ(again.body, bytes);
    EXPECT_EQ(again.headers.get("Content-Type"), "application/octet-stream");
    EXPECT_EQ(items(), 1);
}

TEST_P(CoreIdempotency, ALostAnswerIsSaidWithWhatWasDoneAndNothingIsDoneAgain) {
    const auto dies = [] { throw std::runtime_error("the host dies after the commit"); };
    EXPECT_THROW(send(request("one"), adding(false, dies)), std::runtime_error);
    EXPECT_EQ(refusal("one"), "IdempotencyKeyInUse") << "its host may still be at it";
    clock.advance(61s);
    try {
        send(request("one"), adding(false));
        FAIL() << "it was answered";
    } catch (const Error& error) {
        EXPECT_EQ(error.name(), "IdempotencyAnswerLost");
        EXPECT_THAT(error.what(), HasSubstr("(item 0"));
    }
    EXPECT_EQ(items(), 1);
}

TEST_P(CoreIdempotency, AChangeThatIsUndoneIsNotRemembered) {
    const auto undone = [this](Request& request) -> Outcome {
        db.transact(request.tenant(), [&](Transaction& tx) {
            insert(tx, request.body);
            request.keep(Response::empty());
            throw Error(core::errors::kConflict, "It does not fit.");
        });
        return Response::empty();
    };
    EXPECT_THROW(send(request("one"), undone), Error);
    EXPECT_EQ(rows(), 0);
    EXPECT_EQ(send(request("one"), adding(true)).status, 201);
    EXPECT_EQ(items(), 1);
}

TEST_P(CoreIdempotency, OfManyAtOnceOneIsDone) {
    constexpr int kMany = 8;
    std::latch together(kMany);
    std::atomic<int> answered{0}, waiting{0}, other{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < kMany; ++i)
        threads.emplace_back([&] {
            auto mine = request("one");
            together.arrive_and_wait();
            try {
                const auto outcome = keys.handle(mine, [this](Request& request) -> Outcome {
                    // Names differ, so that only the key stands between them.
                    return db.transact(request.tenant(), [&](Transaction& tx) {
                        insert(tx, newId().toString());
                        return request.keep(Response::json("{}", 201));
                    });
                });
                ++(std::get<Response>(outcome).status == 201 ? answered : other);
            } catch (const Error& error) {
                ++(error.name() == "IdempotencyKeyInUse" ? waiting : other);
            } catch (...) {
                ++other;
            }
        });
    threads.clear();
    EXPECT_EQ(items(), 1);
    EXPECT_EQ(other, 0);
    EXPECT_EQ(answered + waiting, kMany);
    EXPECT_GE(answered, 1);
}

TEST_P(CoreIdempotency, KeysAreForgottenAFewAtEachWrite) {
    for (int i = 0; i < 6; ++i)
        send(request("old " + std::to_string(i), kKey + std::to_string(i)), adding(true));
    ASSERT_EQ(rows(), 6);
    clock.advance(24h + 1s);
    // One that is over is a new one, whether it has been removed yet or not.
    EXPECT_EQ(send(request("new", kKey + "5"), adding(true)).headers.find("Idempotency-Replayed"), nullptr);
    EXPECT_EQ(rows(), 2);
    send(request("newer", kKey + "9"), adding(true));
    EXPECT_EQ(rows(), 2);
    EXPECT_EQ(items(), 8);
}

TEST_P(CoreIdempotency, NeitherKeyNorAnswerCanBeReadFromTheTable) {
    const auto handler = [this](Request& request) -> Outcome {
        return db.transact(request.tenant(), [&](Transaction& tx) {
            insert(tx, "x");
            return request.keep(Response::json("{\"token\":\"canary-token\"}", 201));
        });
    };
    send(request("canary-password"), handler);
    const auto all =
        db.run(SystemContext("test"),
               {{"SELECT key_hash, fingerprint, answer, object FROM core_idempotency_keys"}}, false)
            .at(0);
    ASSERT_EQ(all.size(), 1U);
    const auto text = all[0].bytes(0) + all[0].bytes(1) + all[0].bytes(2) + all[0].text(3);
    for (const std::string secret : {"canary", "token", "status", kKey.c_str()})
        EXPECT_THAT(text, Not(HasSubstr(secret)));
    EXPECT_THAT(send(request("canary-password"), handler).body, HasSubstr("canary-token"));
}

} // namespace
} // namespace test
