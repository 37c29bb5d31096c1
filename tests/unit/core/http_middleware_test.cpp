#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/middleware_chain.h"

namespace core::http {
namespace {

using Scope = Middleware::Scope;
using testing::ElementsAre;
using testing::HasSubstr;

class Chain : public testing::Test {
protected:
    Middleware noting(const std::string& name, Scope scope = Scope::allRoutes) {
        return {name, scope, [this, name](Request& request, const Route&, const Handler& next) {
                    seen.push_back(name);
                    Outcome outcome = next(request);
                    seen.push_back("/" + name);
                    return outcome;
                }};
    }
    int run(const std::string& module, const Handler& handler) {
        Route route;
        route.module = module;
        Request request;
        return std::get<Response>(chain.run(route, request, handler)).status;
    }
    int run(const std::string& module) {
        return run(module, [this](Request&) -> Outcome {
            seen.emplace_back("handler");
            return Response::empty(204);
        });
    }
    std::string refusal(std::vector<Middleware> middleware) {
        try {
            chain.add("b", std::move(middleware));
        } catch (const Error& error) {
            return error.what();
        }
        return {};
    }

    MiddlewareChain chain;
    std::vector<std::string> seen;
};

TEST_F(Chain, StandsAroundTheHandlerFromTheOutsideIn) {
    chain.add("a", {noting("a.one"), noting("a.two")});
    chain.add("b", {noting("b.one")});
    EXPECT_EQ(run("other"), 204);
    EXPECT_THAT(seen, ElementsAre("a.one", "a.two", "b.one", "handler", "/b.one", "/a.two", "/a.one"));
}

TEST_F(Chain, OwnRoutesAreThoseOfTheModule) {
    chain.add("a", {noting("a.own", Scope::ownRoutes)});
    run("b");
    EXPECT_THAT(seen, ElementsAre("handler"));
    run("a");
    EXPECT_THAT(seen, ElementsAre("handler", "a.own", "handler", "/a.own"));
}

TEST_F(Chain, MayAnswerInTheHandlersPlaceChangeTheAnswerAndSeeWhatWasThrown) {
    chain.add("a", {{"a.change", Scope::allRoutes,
                     [](Request& request, const Route&, const Handler& next) {
                         Outcome outcome = next(request);
                         std::get<Response>(outcome).status += 1;
                         return outcome;
                     }},
                    {"a.answer", Scope::ownRoutes, [](Request&, const Route&, const Handler&) -> Outcome {
                         return Response::empty(409);
                     }}});
    EXPECT_EQ(run("b"), 205);
    EXPECT_EQ(run("a"), 410);
    EXPECT_THAT(seen, ElementsAre("handler"));
    EXPECT_THROW(run("b", [](Request&) -> Outcome { throw Error(errors::kConflict, "no"); }), Error);
}

TEST_F(Chain, WhatWasTakenAwayIsNotCalledAgainButFinishesWhatItBegan) {
    chain.add("a", {noting("a.one")});
    chain.add("b", {noting("b.one")});
    run("c", [this](Request&) -> Outcome {
        chain.remove("a");
        return Response::empty(204);
    });
    EXPECT_THAT(seen, ElementsAre("a.one", "b.one", "/b.one", "/a.one"));
    chain.remove("b");
    seen.clear();
    run("c");
    EXPECT_THAT(seen, ElementsAre("handler"));
}

TEST_F(Chain, RefusesWhatHasNoFunctionOrNoNameOfItsOwn) {
    chain.add("b", {noting("b.one")});
    EXPECT_THAT(refusal({{"b.none", Scope::allRoutes, {}}}), HasSubstr("has no function"));
    EXPECT_THAT(refusal({noting("a.one")}), HasSubstr("begins with \"b.\""));
    EXPECT_THAT(refusal({noting("b.two"), noting("b.one")}), HasSubstr("is there twice"));
    run("c"); // and nothing of a refused list stays
    EXPECT_THAT(seen, ElementsAre("b.one", "handler", "/b.one"));
}

} // namespace
} // namespace core::http
