#include "store/keeper.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "net/socket.hpp"
#include "store/keys.hpp"
#include "store/record.hpp"

namespace sluice::store {

namespace {

/// A visitor that leaves more answer octets than this unread is disconnected.
constexpr std::size_t unread_octets_max = 16'000'000;
constexpr std::size_t visitors_max = 4096;

constexpr std::string_view not_yours = "only root and the user who started Sluice may do that";
constexpr std::string_view not_reached =
    "Redis, where this is kept, cannot be reached, or refuses; store_down and store_refused in the log say "
    "why";
constexpr std::string_view acts_hold =
    ". An act (allow, block, forget) is in force on this machine all the same, and is put into Redis when it "
    "is back";

}  // namespace

/// A connection from a worker, or from an operator's command.
class Keeper::Visitor final : public net::IoHandler {
  public:
    Visitor(Keeper& keeper, std::uint64_t number, net::Fd fd, uid_t user)
        : keeper_(keeper),
          number_(number),
          fd_(std::move(fd)),
          user_(user),
          is_operator_(user == 0 || user == keeper.options_.operator_user) {}
    Visitor(const Visitor&) = delete;
    Visitor& operator=(const Visitor&) = delete;
    ~Visitor() override { close(); }

    /// Ends the visit; the keeper is not used after this.
    void close() {
        if (!fd_) return;
        keeper_.live_.release(held_);
        if (changes_ > 0) keeper_.changed_(user_, command_, changes_);
        keeper_.loop_.unwatch(fd_.get());
        fd_.reset();
    }

    bool watch() { return keeper_.loop_.watch(fd_.get(), *this, EPOLLIN | EPOLLOUT | EPOLLET); }

    void answer(const Response& response) {
        append_response(unsent_, response);
        if (std::exchange(sending_, true)) return;
        // Deferred, so that all answers of one turn of the loop go out in one write. The visitor may be gone
        // by then, so it is found by its number.
        keeper_.loop_.defer([&keeper = keeper_, number = number_] {
            if (const auto self = keeper.visitors_.find(number); self != keeper.visitors_.end())
                self->second->send();
        });
    }

    /// Sent without a question.
    void announce_acts() {
        answer({.number = 0, .done = true, .acts = keeper_.acts_version_, .outcomes = {}});
    }
    /// With `done` = false, number 0 tells the worker to go over to the next store process (message.hpp).
    void send_away() {
        sent_away_ = true;
        answer({.number = 0, .done = false, .acts = keeper_.acts_version_, .outcomes = {}});
    }

  private:
    void on_io(std::uint32_t events) override {
        if (!fd_) return;
        if ((events & EPOLLOUT) != 0) {
            room_ = true;
            send();
        }
        // send() may have closed the socket.
        if (fd_ && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive();
    }

    void receive() {
        std::array<char, 65'536> buffer;
        while (fd_) {
            const auto got = net::read_some(fd_.get(), buffer.data(), buffer.size());
            if (got == net::io_would_block) return;
            if (got == 0 && sent_away_) {
                heard_all_ = true;
                return leave_if_answered();
            }
            if (got <= 0) return leave();
            received_.append(buffer.data(), static_cast<std::size_t>(got));
            take_queries();
            // A short read has emptied the socket (epoll(7), Q9). A visitor that was sent away is read until
            // its end of stream, which raises no event of its own.
            if (static_cast<std::size_t>(got) < buffer.size() && !sent_away_) return;
        }
    }

    void take_queries() {
        std::string_view input = received_;
        Frame frame;
        while ((frame = take_frame(input)).status == Frame::Status::whole) {
            auto query = decode_query(frame.body);
            if (!query) return leave();
            perform(*std::move(query));
        }
        if (frame.status == Frame::Status::bad) return leave();
        received_.erase(0, received_.size() - input.size());
    }

    /// The outcomes that the keeper itself supplies, each with its place in the query.
    using Held = std::vector<std::pair<std::size_t, Outcome>>;

    /// The state of a query whose operations the backing performs.
    struct Asked {
        std::uint32_t number;
        Held held;
        bool many;                // a list: any number of outcomes
        std::size_t expected;     // outcomes, otherwise
        bool acts;                // it may change the operator's acts
        bool command;             // from an operator's command: answered only once its changes are on disk
        std::vector<Verb> verbs;  // of the command's operations, to count its changes
    };

    void perform(Query query) {
        if (query.number != 0) ++under_way_;
        for (const Operation& operation : query.operations)
            if (!keeper_.may(operation, is_operator_)) return refuse(query.number, not_yours);
        // Live counts are kept here, everything else in the backing; the outcomes return in the order of the
        // query.
        Held held;
        Operations others;
        bool command = false;
        for (std::size_t i = 0; i < query.operations.size(); ++i) {
            Operation& operation = query.operations[i];
            if (operation.verb == Verb::hold)
                held.emplace_back(i, hold(operation));
            else if (operation.key.starts_with(command_space)) {
                held.emplace_back(i, begin_command(operation));
                command = true;
            } else
                others.push_back(std::move(operation));
        }
        if (others.empty() && command) return settle(query.number, std::move(held), {});
        if (others.empty()) return merge(query.number, std::move(held), {});
        Asked asked{.number = query.number,
                    .held = std::move(held),
                    .many = others.front().verb == Verb::list,
                    .expected = others.size(),
                    .acts = std::ranges::any_of(others, changes_acts),
                    .command = command,
                    .verbs = verbs_to_count(others)};
        auto done = [&keeper = keeper_, visitor = number_,
                     asked = std::move(asked)](std::optional<Outcomes> outcomes) mutable {
            // Changed acts concern every worker, even when the visitor that changed them has left meanwhile.
            if (asked.acts) keeper.on_timer();
            const auto self = keeper.visitors_.find(visitor);
            if (self == keeper.visitors_.end()) return;
            self->second->performed(std::move(asked), std::move(outcomes));
        };
        keeper_.backing_.perform(std::move(others), std::move(done));
    }

    void performed(Asked asked, std::optional<Outcomes> outcomes) {
        if (!outcomes || (!asked.many && outcomes->size() != asked.expected))
            return refuse(asked.number, asked.acts && keeper_.options_.keeps_acts
                                            ? std::string(not_reached).append(acts_hold)
                                            : not_reached);
        if (!asked.many) note_changes(asked.verbs, *outcomes);
        if (!asked.command) return merge(asked.number, std::move(asked.held), *std::move(outcomes));
        settle(asked.number, std::move(asked.held), *std::move(outcomes));
    }

    /// Answers when everything is written down. It waits even where this query changed nothing: what an
    /// earlier command erased may not be written yet.
    void settle(std::uint32_t number, Held held, Outcomes outcomes) {
        keeper_.backing_.settle([&keeper = keeper_, visitor = number_, number, held = std::move(held),
                                 outcomes = std::move(outcomes)](std::string_view why) mutable {
            const auto waiting = keeper.visitors_.find(visitor);
            if (waiting == keeper.visitors_.end()) return;
            Visitor& self = *waiting->second;
            if (why.empty()) return self.merge(number, std::move(held), std::move(outcomes));
            self.refuse(
                number,
                fmt::format("it cannot be written down: {}. It is in force for now, but would be lost if "
                            "Sluice ended; make room on the disk, and give the command again",
                            why));
        });
    }

    static bool changes_acts(const Operation& operation) {
        return operation.key.starts_with(act_space) && !only_looks(operation);
    }

    std::vector<Verb> verbs_to_count(const Operations& operations) const {
        std::vector<Verb> counted;
        if (command_.empty()) return counted;
        counted.reserve(operations.size());
        for (const Operation& operation : operations)
            counted.push_back(only_looks(operation) ? Verb::get : operation.verb);
        return counted;
    }

    /// Counts the changes of a command. Erasing what is not there is no change.
    void note_changes(const std::vector<Verb>& asked, const Outcomes& outcomes) {
        for (std::size_t i = 0; i < asked.size(); ++i)
            if (asked[i] != Verb::get && (asked[i] != Verb::erase || outcomes[i].found)) ++changes_;
    }

    Outcome begin_command(const Operation& operation) {
        command_ = operation.key.substr(command_space.size());
        return {};
    }

    /// The live counts are held under this connection, so that they end with it.
    Outcome hold(const Operation& operation) {
        Outcome outcome;
        outcome.found = true;
        outcome.counts[0] = keeper_.live_.hold(held_, operation.key, operation.amount);
        return outcome;
    }

    void merge(std::uint32_t number, Held held, Outcomes outcomes) {
        if (number == 0) return;
        --under_way_;
        for (auto& [place, outcome] : held)
            outcomes.insert(outcomes.begin() + static_cast<std::ptrdiff_t>(place), std::move(outcome));
        answer(
            {.number = number, .done = true, .acts = keeper_.acts_version_, .outcomes = std::move(outcomes)});
    }

    void refuse(std::uint32_t number, std::string_view why) {
        if (number == 0) return;
        --under_way_;
        answer({.number = number,
                .done = false,
                .acts = keeper_.acts_version_,
                .outcomes = {},
                .why = std::string(why)});
    }

    void send() {
        sending_ = false;
        if (!fd_ || unsent_.empty()) return;
        if (room_) {
            const auto sent = net::write_some(fd_.get(), unsent_.data(), unsent_.size());
            if (sent == net::io_failed) return leave();
            if (sent > 0) unsent_.erase(0, static_cast<std::size_t>(sent));
            room_ = unsent_.empty();
        }
        if (unsent_.size() > unread_octets_max) return leave();
        if (heard_all_) leave_if_answered();
    }

    /// The visitor has gone over to the next store process, and asks nothing more here.
    void leave_if_answered() {
        if (under_way_ == 0 && unsent_.empty()) leave();
    }

    void leave() { keeper_.gone(number_); }

    Keeper& keeper_;
    const std::uint64_t number_;
    net::Fd fd_;
    const uid_t user_;
    const bool is_operator_;
    std::string command_;      // of the operator's; empty = none was given
    std::size_t changes_ = 0;  // that the command has made so far
    std::string received_;
    std::string unsent_;
    bool sending_ = false;
    bool room_ = true;
    bool sent_away_ = false;
    bool heard_all_ = false;     // true: the visitor's end of stream was read
    std::size_t under_way_ = 0;  // queries that are not answered yet
    LiveCounts::Held held_;
};

Keeper::Keeper(net::Loop& loop, int listener, Backing& backing, const Options& options, Acted acted,
               Changed changed)
    : loop_(loop),
      listener_(listener),
      backing_(backing),
      options_(options),
      acted_(std::move(acted)),
      changed_(std::move(changed)),
      live_(options.live_max),
      // Differs from the last keeper's version, so that workers ask for the acts again.
      acts_version_(static_cast<std::uint64_t>(::getpid()) << 32U) {
    if (!loop_.watch(listener_, *this, EPOLLIN)) throw std::runtime_error("the store cannot listen");
    on_timer();
}

Keeper::~Keeper() {
    loop_.unwatch(listener_);
}

void Keeper::on_io(std::uint32_t) {
    net::LocalAccepted accepted = net::accept_local(listener_);
    if (!accepted.fd) return;
    const uid_t user = accepted.peer.user;
    const bool is_operator = user == 0 || user == options_.operator_user;
    if ((!is_operator && user != options_.workers_user) || visitors_.size() >= visitors_max) return;
    const std::uint64_t number = next_visitor_++;
    auto visitor = std::make_unique<Visitor>(*this, number, std::move(accepted.fd), user);
    if (visitor->watch()) visitors_.emplace(number, std::move(visitor));
}

void Keeper::make_room() {
    loop_.unwatch(listener_);
    for (const auto& [number, visitor] : visitors_)
        visitor->send_away();
}

/// A worker, which speaks to strangers, may not act for the operator, nor list everything.
bool Keeper::may(const Operation& operation, bool is_operator) const {
    if (is_operator) return true;
    if (operation.key.starts_with(command_space)) return false;
    const bool is_act = operation.key.starts_with(act_space);
    if (operation.verb == Verb::list) return is_act;
    return !is_act || only_looks(operation);
}

void Keeper::gone(std::uint64_t visitor) {
    const auto found = visitors_.find(visitor);
    if (found == visitors_.end()) return;
    found->second->close();
    loop_.retire(std::move(found->second));
    visitors_.erase(found);
}

void Keeper::on_timer() {
    loop_.arm(*this, options_.acts_every);
    // Only one look at a time: a slow backing must not collect them.
    if (std::exchange(looking_at_acts_, true)) return;
    look_at_acts(std::string(act_space), std::make_shared<std::map<std::string, std::string>>());
}

/// Reads all acts, one page after the other, since a list is bounded.
void Keeper::look_at_acts(std::string after, std::shared_ptr<std::map<std::string, std::string>> found) {
    Operation list{.verb = Verb::list, .key = std::string(act_space), .value = std::move(after)};
    list.amount = listed_max;
    backing_.perform({std::move(list)},
                     [this, found = std::move(found)](const std::optional<Outcomes>& outcomes) {
                         looking_at_acts_ = false;
                         if (!outcomes) return;
                         for (const Outcome& outcome : *outcomes)
                             found->insert_or_assign(outcome.key, outcome.value);
                         if (outcomes->size() < static_cast<std::size_t>(listed_max))
                             return compare_acts(*found);
                         looking_at_acts_ = true;
                         look_at_acts(outcomes->back().key, found);
                     });
}

void Keeper::compare_acts(std::map<std::string, std::string> found) {
    if (found == acts_ && acts_known_) return;
    ++acts_version_;
    for (const auto& [number, visitor] : visitors_)
        visitor->announce_acts();
    const auto network = [](std::string_view key) { return key.substr(act_space.size()); };
    for (const auto& [key, act] : found) {
        const auto before = acts_.find(key);
        const bool is_new = before == acts_.end() || before->second != act;
        // The first look only learns which acts there are: after a start none of them is news for the log.
        if (is_new && acts_known_) acted_("act", network(key), act);
    }
    for (const auto& [key, act] : acts_)
        if (!found.contains(key)) acted_("act_ended", network(key), act);
    acts_ = std::move(found);
    acts_known_ = true;
}

}  // namespace sluice::store
