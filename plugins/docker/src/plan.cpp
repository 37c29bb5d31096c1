#include "plan.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "databases.h"
#include "throwaway.h"

namespace docker {
namespace {
namespace fs = std::filesystem;

class Planner {
public:
    Planner(const Step& step, const Engine& engine, const Settings& settings, std::string only)
        : step_(step), engine_(engine), settings_(settings), only_(std::move(only)),
          containers_(containersOf(engine)), own_(OwnContainer::ofThisProcess()) {}

    Plan make() {
        for (const auto& name : settings_.containers)
            if (std::ranges::find(containers_, name, &Container::name) == containers_.end())
                failing("container " + name, "There is no container " + name + ", which the settings name");
        for (const auto& name : settings_.volumes)
            volume(name);
        for (const auto& container : containers_)
            if (chosen(container)) {
                if (settings_.volumes.empty() && container.label(label("volumes")) != nullptr)
                    files(container);
                if (const auto* product = container.label(label("dump")))
                    databases(container, *product);
                if (const auto* program = container.label(label("exec")))
                    output(container, *program);
            }
        return std::move(plan_);
    }

private:
    [[nodiscard]] std::string label(const char* name) const { return settings_.prefix + "." + name; }
    /// What was chosen and cannot be dumped is an item too: its dump fails, and nobody takes it for saved.
    void failing(std::string name, std::string problem) {
        if (plan_.find(name) == nullptr)
            plan_.items.push_back({.kind = Item::Kind::output,
                                   .name = std::move(name),
                                   .extension = "dump",
                                   .target = {},
                                   .problem = std::move(problem)});
    }

    [[nodiscard]] bool chosen(const Container& container) const {
        if (container.label(label(kTrialLabel)) != nullptr)
            return false; // its image may have labels, too
        const auto* policy = container.label(label("policy"));
        if (policy != nullptr && *policy != settings_.policy)
            return false;
        return settings_.containers.empty() ||
               std::ranges::find(settings_.containers, container.name) != settings_.containers.end();
    }

    [[nodiscard]] std::optional<How> howOf(const Container& container) const {
        const auto* text = container.label(label("volumes"));
        return text == nullptr ? std::nullopt : readHow(*text);
    }

    void files(const Container& container) {
        if (!howOf(container)) {
            failing("container " + container.name, "The label " + label("volumes") + " of the container " +
                                                       container.name + " has to be pause, stop or live");
            return;
        }
        for (const auto& mount : container.mounts) {
            if (mount.volume)
                volume(mount.name);
            else
                folder(mount);
        }
    }

    void volume(const std::string& name) {
        Item item{.kind = Item::Kind::volume, .name = kVolume + name, .extension = "tar", .target = name};
        if (plan_.find(item.name) != nullptr)
            return;
        item.volume = findVolume(engine_, name);
        if (!item.volume) {
            failing(item.name, "There is no volume " + name);
            return;
        }
        use(item, [&](const Mount& mount) { return mount.volume && mount.name == name; });
        if (item.problem.empty() && !item.volume->visible() && item.users.empty())
            item.problem = "The files of the volume " + name + " are not at " +
                           (item.volume->mountpoint.empty() ? "any path" : item.volume->mountpoint) +
                           " of this machine, and no container has it through which they could be read";
        plan_.items.push_back(std::move(item));
    }

    void folder(const Mount& mount) {
        const fs::path path(mount.source);
        for (const auto* system : {"/proc", "/sys", "/dev", "/run", "/var/run"})
            if (path == system || mount.source.starts_with(std::string(system) + "/"))
                return; // sockets and the machine's state
        Item item{.kind = Item::Kind::folder,
                  .name = kFolder + mount.source,
                  .extension = "tar",
                  .target = mount.source};
        if (plan_.find(item.name) != nullptr)
            return;
        std::error_code code;
        const auto status = fs::status(path, code);
        if (mount.source == "/" || (fs::exists(status) && !fs::is_directory(status))) {
            const bool file = fs::is_regular_file(status);
            if (mount.source == "/" || file)
                plan_.warnings.push_back("The bind mount " + mount.source + " is not dumped, since it is " +
                                         (file ? "a single file" : "the whole machine") +
                                         ": back it up with the machine's files");
            return;
        }
        use(item, [&](const Mount& other) { return !other.volume && other.source == mount.source; });
        plan_.items.push_back(std::move(item));
    }

    /// Who has the item's files, and what is to be done to them.
    void use(Item& item, const std::function<bool(const Mount&)>& is) {
        std::optional<How> strongest;
        for (const auto& container : containers_)
            for (const auto& mount : container.mounts)
                if (is(mount)) {
                    if (const auto how = howOf(container); how && (!strongest || *how > *strongest))
                        strongest = how;
                    item.users.push_back({container, mount});
                    break;
                }
        for (auto& user : item.users) {
            const auto& container = user.container;
            if (!container.running || container.paused || !user.mount.writable)
                continue;
            user.how = howOf(container).value_or(strongest.value_or(How::live));
            if (!strongest && !settings_.live)
                item.problem = "The container " + container.name + " writes to the " + item.name +
                               ", and no label says what to do with it meanwhile: give it the label " +
                               label("volumes") + " with pause, stop or live, or switch on the setting live";
            else if (!strongest)
                item.warnings.push_back("Read while the container " + container.name + " ran");
            else if (const auto obstacle = obstacleTo(user.how, container, own_); !obstacle.empty())
                item.problem = obstacle;
        }
    }

    void databases(const Container& container, const std::string& product) {
        if (!isProduct(product)) {
            failing(kDatabase + container.name, "The label " + label("dump") + " of the container " +
                                                    container.name + " has to be postgres, mysql or mariadb");
            return;
        }
        std::vector<std::string> names;
        if (const auto* list = container.label(label("databases"))) {
            const auto read = readList(*list);
            if (!read) {
                failing(kDatabase + container.name,
                        "The label " + label("databases") + " of the container " + container.name +
                            " is no list of names: part them by commas, or write a JSON array of texts");
                return;
            }
            names = *read;
        }
        const auto obstacle = notReady(container, "its databases cannot be dumped");
        const auto own = kDatabase + container.name + "/";
        if (names.empty() && !only_.empty()) {
            if (only_.starts_with(own))
                names.push_back(only_.substr(own.size())); // one that is not there is no dump either
        } else if (names.empty()) {
            if (!obstacle.empty()) {
                failing(kDatabase + container.name, obstacle);
                return;
            }
            try {
                names = databasesIn(step_, engine_, container, product);
            } catch (const Failure& failure) {
                failing(kDatabase + container.name,
                        failure.what() + (failure.hint().empty() ? "" : ". " + failure.hint()));
                return;
            }
        }
        for (const auto& name : names) {
            Item item{.kind = Item::Kind::database,
                      .name = own + name,
                      .extension = product == "postgres" ? "dump" : "sql",
                      .target = name};
            item.container = container;
            item.product = product;
            item.problem = obstacle;
            plan_.items.push_back(std::move(item));
        }
    }

    void output(const Container& container, const std::string& text) {
        const auto program = readProgram(text);
        if (!program) {
            failing(kOutput + container.name,
                    "The label " + label("exec") + " of the container " + container.name +
                        " is no JSON array of texts such as [\"program\",\"argument\"]");
            return;
        }
        const auto* extension = container.label(label("extension"));
        Item item{.kind = Item::Kind::output,
                  .name = kOutput + container.name,
                  .extension = extension == nullptr || extension->empty() ? "dump" : *extension,
                  .target = container.name};
        item.container = container;
        item.program = *program;
        item.problem = notReady(container, "nothing can be run in it");
        plan_.items.push_back(std::move(item));
    }

    static std::string notReady(const Container& container, const std::string& so) {
        if (!container.running)
            return "The container " + container.name + " does not run: " + so + ". Start it (docker start " +
                   container.name + "), or take its label away";
        if (container.paused)
            return "The container " + container.name + " is paused: " + so + ". Unpause it (docker unpause " +
                   container.name + ")";
        return {};
    }

    const Step& step_;
    const Engine& engine_;
    const Settings& settings_;
    std::string only_;
    std::vector<Container> containers_;
    OwnContainer own_;
    Plan plan_;
};
} // namespace

const Item* Plan::find(const std::string& name) const {
    const auto found = std::ranges::find(items, name, &Item::name);
    return found == items.end() ? nullptr : &*found;
}

Plan makePlan(const Step& step, const Engine& engine, const Settings& settings, const std::string& only) {
    return Planner(step, engine, settings, only).make();
}

std::string obstacleTo(How how, const Container& container, const OwnContainer& own) {
    if (how == How::live)
        return {};
    const auto what = std::string(how == How::stop ? "stopped" : "paused");
    if (own.is(container.id))
        return "The agent runs in the container " + container.name + ", which therefore is not " + what +
               ": give it the label volumes=live, or run the agent elsewhere";
    if (how == How::stop && container.removedWhenStopped)
        return "The container " + container.name +
               " is removed when it stops (--rm), and therefore is not stopped: use pause";
    if (how == How::stop && container.ofSwarm)
        return "The container " + container.name +
               " belongs to a swarm, which would replace it when it stops: use pause";
    return {};
}

} // namespace docker
