#include "store/redis/redis_backing.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "store/redis/redis_listing.hpp"
#include "store/redis/redis_verdict.hpp"

namespace sluice::store {

namespace {

/// A cluster that redirects more often than this does not know itself where the key is.
constexpr unsigned redirects_max = 5;
constexpr Millis early_wait{20};
constexpr Seconds refusal_told_every{60};
constexpr std::size_t reason_octets_max = 200;

}  // namespace

/// The operations of one call, with one command for each.
class RedisBacking::Batch final : public RedisTask {
  public:
    Batch(RedisBacking& backing, std::uint64_t number, Operations operations, Done done)
        : backing_(backing),
          number_(number),
          operations_(std::move(operations)),
          outcomes_(operations_.size()),
          left_(operations_.size()),
          done_(std::move(done)) {}

    const Operations& operations() const { return operations_; }

    bool append(std::uint32_t part, ScriptBy by, std::string& out) const override {
        append_redis_operation(out, operations_[part], backing_.options_.key_prefix, by);
        return true;
    }
    void replied(RedisTicket ticket, const RedisReply& reply, RedisLink& from) override {
        const std::uint32_t part = ticket.part;
        if (reply.is_error()) {
            if (backing_.pursue(std::move(ticket), reply, from)) return;
            failed_ = true;
        } else if (auto outcome = redis_outcome(operations_[part], reply)) {
            outcomes_[part] = std::move(*outcome);
        } else {
            backing_.tell_refused(from, "it answered something else than was asked");
            failed_ = true;
        }
        answered();
    }
    void lost(const RedisTicket& /*ticket*/) override {
        failed_ = true;
        answered();
    }

  private:
    void answered() {
        if (--left_ > 0) return;
        backing_.under_way_ -= operations_.size();
        backing_.finish(number_, failed_ ? std::nullopt : std::optional(std::move(outcomes_)),
                        std::move(done_));
    }

    RedisBacking& backing_;
    std::uint64_t number_;
    Operations operations_;
    Outcomes outcomes_;
    std::size_t left_;
    bool failed_ = false;
    Done done_;
};

/// One list: a walk through the keys of one server after the other, then a read of those that are wanted.
class RedisBacking::Listing final : public RedisTask {
  public:
    Listing(RedisBacking& backing, std::uint64_t number, const Operation& operation, Done done)
        : backing_(backing),
          number_(number),
          walk_(operation, backing.options_.key_prefix),
          began_(backing.loop_.now()),
          done_(std::move(done)) {
        ++backing_.listings_;
    }

    /// False: it is not known yet which servers to ask.
    static bool begin(const std::shared_ptr<Listing>& self) {
        self->servers_ = self->backing_.servers_.masters();
        const bool patient =
            self->backing_.loop_.now() < self->began_ + self->backing_.options_.connect_timeout;
        if (self->servers_.empty() && patient) return false;
        step(self);
        return true;
    }

    bool append(std::uint32_t /*part*/, ScriptBy /*by*/, std::string& out) const override {
        walk_.append(out);
        return false;
    }
    void replied(RedisTicket ticket, const RedisReply& reply, RedisLink& from) override {
        auto self = std::static_pointer_cast<Listing>(ticket.task);
        if (reply.is_error()) {
            ticket.redirects = redirects_max;
            if (!backing_.pursue(std::move(ticket), reply, from)) finish(std::nullopt);
            return;
        }
        if (!walk_.take(reply)) return finish(std::nullopt);
        if (walk_.server_done()) {
            walk_.next_server();
            ++at_;
        }
        if (at_ < servers_.size()) return step(self);
        look();
    }
    void lost(const RedisTicket& /*ticket*/) override { finish(std::nullopt); }

  private:
    static void step(const std::shared_ptr<Listing>& self) {
        RedisBacking& backing = self->backing_;
        const bool late = backing.loop_.now() >= self->began_ + backing.options_.list_timeout;
        const bool unknown = self->at_ >= self->servers_.size();
        RedisLink* const link = unknown || late ? nullptr : backing.servers_.find(self->servers_[self->at_]);
        if (link == nullptr) return self->finish(std::nullopt);
        backing.send(*link, {.task = self});
    }
    void look() {
        Operations looks = walk_.looks();
        if (looks.empty()) return finish(Outcomes{});
        backing_.start(std::move(looks), [&backing = backing_, number = number_, amount = walk_.amount(),
                                          done = std::move(done_)](std::optional<Outcomes> outcomes) mutable {
            if (outcomes) {
                std::erase_if(*outcomes, [](const Outcome& outcome) { return !outcome.found; });
                if (outcomes->size() > amount) outcomes->resize(amount);
            }
            --backing.listings_;
            backing.finish(number, std::move(outcomes), std::move(done));
        });
    }
    void finish(std::optional<Outcomes> outcomes) {
        --backing_.listings_;
        backing_.finish(number_, std::move(outcomes), std::move(done_));
    }

    RedisBacking& backing_;
    std::uint64_t number_;
    RedisWalk walk_;
    std::vector<RedisHost> servers_;
    std::size_t at_ = 0;
    Instant began_;
    Done done_;
};

RedisBacking::RedisBacking(net::Loop& loop, RedisOptions options, RedisTold told)
    : loop_(loop), options_(std::move(options)), told_(std::move(told)), servers_(loop_, options_, told_) {}

RedisBacking::~RedisBacking() = default;

void RedisBacking::perform(Operations batch, Done done) {
    const bool list = batch.size() == 1 && batch.front().verb == Verb::list;
    const std::size_t room = options_.under_way_max - std::min(under_way_, options_.under_way_max);
    const bool too_many = list ? listings_ >= listings_max : batch.size() > room;
    if (batch.empty() || too_many) return done(std::nullopt);
    if (!list) return start(std::move(batch), std::move(done));
    ++batches_under_way_;
    auto listing = std::make_shared<Listing>(*this, ++batches_, batch.front(), std::move(done));
    if (Listing::begin(listing)) return;
    early_.push_back(std::move(listing));
    loop_.arm(*this, early_wait);
}

void RedisBacking::on_timer() {
    std::erase_if(early_, Listing::begin);
    if (!early_.empty()) loop_.arm(*this, early_wait);
}

void RedisBacking::start(Operations operations, Done done) {
    ++batches_under_way_;
    under_way_ += operations.size();
    const auto batch = std::make_shared<Batch>(*this, ++batches_, std::move(operations), std::move(done));
    std::string key;
    for (std::uint32_t part = 0; part < batch->operations().size(); ++part) {
        key.assign(options_.key_prefix).append(batch->operations()[part].key);
        send(servers_.with(key), {.task = batch, .part = part});
    }
}

void RedisBacking::settle(Settled done) {
    if (batches_under_way_ == 0) return done("");
    settling_.push_back({.left = batches_under_way_, .before = batches_ + 1, .done = std::move(done)});
}

void RedisBacking::send(RedisLink& link, RedisTicket ticket) {
    link.send(std::move(ticket));
    at_end_of_turn();
}

bool RedisBacking::pursue(RedisTicket ticket, const RedisReply& error, RedisLink& from) {
    using Next = RedisVerdict::Next;
    const RedisVerdict verdict = judge_redis_error(error.text);
    const std::string said = "it said " + error.text.substr(0, reason_octets_max);
    RedisLink* to = nullptr;
    switch (verdict.next) {
        case Next::redirect:
            to = servers_.at(verdict.host, from);
            if (to != nullptr) servers_.moved(verdict.slot, *to);
            break;
        case Next::ask_there:
            to = servers_.at(verdict.host, from);
            ticket.asking = true;
            break;
        case Next::again: to = &from; break;
        case Next::tell_all:
            from.forget_script(ticket);
            to = &from;
            break;
        case Next::relearn: servers_.relearn(); break;
        case Next::reconnect:
            servers_.relearn();
            from.give_up(said);
            return false;
        case Next::refused: break;
    }
    if (to == nullptr || ticket.redirects >= redirects_max) {
        tell_refused(from, said);
        return false;
    }
    ++ticket.redirects;
    send(*to, std::move(ticket));
    return true;
}

void RedisBacking::tell_refused(const RedisLink& from, const std::string& said) {
    const bool told = refusal_told_ != Instant{} && loop_.now() - refusal_told_ < refusal_told_every;
    if (told) return;
    refusal_told_ = loop_.now();
    told_("store_refused", from.host().to_string() + ": " + said);
}

void RedisBacking::finish(std::uint64_t number, std::optional<Outcomes> outcomes, Done done) {
    --batches_under_way_;
    for (Settling& settling : settling_)
        if (number < settling.before) --settling.left;
    finished_.push_back({.outcomes = std::move(outcomes), .done = std::move(done)});
    at_end_of_turn();
}

/// Callers are told only when none of our own data is in use: they may ask more, or destroy this object.
void RedisBacking::at_end_of_turn() {
    if (std::exchange(turn_will_end_, true)) return;
    loop_.defer([this, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) end_turn();
    });
}

void RedisBacking::end_turn() {
    turn_will_end_ = false;
    servers_.flush();
    const std::weak_ptr alive = alive_;
    for (Finished& finished : std::exchange(finished_, {})) {
        finished.done(std::move(finished.outcomes));
        if (alive.expired()) return;
    }
    const auto settled =
        std::ranges::partition(settling_, [](const Settling& each) { return each.left > 0; });
    std::vector<Settling> done(std::make_move_iterator(settled.begin()),
                               std::make_move_iterator(settled.end()));
    settling_.erase(settled.begin(), settled.end());
    for (Settling& each : done) {
        each.done("");
        if (alive.expired()) return;
    }
}

}  // namespace sluice::store
