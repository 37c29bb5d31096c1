#pragma once

#include <map>
#include <mutex>
#include <string>

#include "core/db/database.h"

namespace test {

/// A database that remembers each statement that runs through it, with the parameters of its first run.
class RecordingDatabase final : public core::db::Database {
public:
    struct Recorded {
        core::db::Params params;
        bool system = false; ///< ran in a system context
    };

    explicit RecordingDatabase(core::db::Database& real) : real_(real) {}

    /// By the statement's text.
    [[nodiscard]] std::map<std::string, Recorded> statements() const {
        const std::lock_guard lock(mutex_);
        return statements_;
    }
    /// How many have run.
    [[nodiscard]] std::size_t count() const {
        const std::lock_guard lock(mutex_);
        return count_;
    }

    [[nodiscard]] core::db::Dialect dialect() const noexcept override { return real_.dialect(); }
    std::vector<core::db::Rows> run(const core::db::Context& context,
                                    const std::vector<core::db::Statement>& statements,
                                    bool writes) override {
        for (const auto& statement : statements)
            note(statement.sql, statement.params, isSystem(context));
        return real_.run(context, statements, writes);
    }
    void setAuditWriter(AuditWriter writer) override { real_.setAuditWriter(std::move(writer)); }
    [[nodiscard]] core::db::DatabaseStats stats() const override { return real_.stats(); }
    void ping() override { real_.ping(); }

protected:
    void runUnit(const core::db::Context& context, bool writes,
                 const std::function<void(core::db::Transaction&)>& work) override {
        const auto recorded = [&](core::db::Transaction& tx) {
            Listening listening(*this, tx, isSystem(context));
            work(listening);
        };
        if (writes)
            real_.transact(context, recorded);
        else
            real_.read(context, recorded);
    }

private:
    class Listening final : public core::db::Transaction {
    public:
        Listening(RecordingDatabase& owner, core::db::Transaction& real, bool system)
            : owner_(owner), real_(real), system_(system) {}
        core::db::Rows query(std::string_view sql, const core::db::Params& params) override {
            owner_.note(std::string(sql), params, system_);
            return real_.query(sql, params);
        }
        std::vector<core::db::Rows> batch(const std::vector<core::db::Statement>& statements) override {
            for (const auto& statement : statements)
                owner_.note(statement.sql, statement.params, system_);
            return real_.batch(statements);
        }
        [[nodiscard]] core::db::Dialect dialect() const noexcept override { return real_.dialect(); }
        [[nodiscard]] const core::Uuid& tenant() const override { return real_.tenant(); }
        void afterCommit(std::function<void()> action) override { real_.afterCommit(std::move(action)); }

    private:
        RecordingDatabase& owner_;
        core::db::Transaction& real_;
        bool system_;
    };

    static bool isSystem(const core::db::Context& context) {
        return std::holds_alternative<core::SystemContext>(context);
    }
    void note(const std::string& sql, const core::db::Params& params, bool system) {
        const std::lock_guard lock(mutex_);
        ++count_;
        statements_.try_emplace(sql, Recorded{params, system});
    }

    core::db::Database& real_;
    mutable std::mutex mutex_;
    std::map<std::string, Recorded> statements_;
    std::size_t count_ = 0;
};

} // namespace test
