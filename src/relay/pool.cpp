#include "relay/pool.hpp"

#include <algorithm>
#include <limits>
#include <ranges>
#include <tuple>
#include <utility>

namespace sluice::relay {

namespace {

const smtp::Reply no_mta_up{.code = 451,
                            .text = "4.4.1 No mail server can be reached, please try again later"};
const smtp::Reply distrusted_mta{
    .code = 451,
    .text = "4.3.0 Mail cannot be taken because of a configuration error, please try again later"};
const smtp::Reply too_busy{.code = 451, .text = "4.3.2 The system is busy, please try again later"};

}  // namespace

Pool::Pool(net::Loop& loop, net::Resolver* validating, const RelayOptions& options, const Notice& notice)
    : loop_(loop), options_(options), notice_(notice), queue_(options.pool.connections_max) {
    for (const UpstreamOptions& upstream : options_.upstreams) {
        upstreams_.push_back(std::make_unique<Upstream>(upstream, options_.pool));
        if (upstream.tls.level == MtaTls::dane_only && validating != nullptr)
            upstreams_.back()->tlsa =
                std::make_unique<TlsaWatch>(loop_, *validating, upstream.tls.name, upstream.address.tcp.port,
                                            [this, found = upstreams_.back().get()] { tlsa_heard(*found); });
    }
    // Until an MTA has been heard, everything is offered: an extension that is not offered is a permanent
    // answer, and a sender would bounce mail only because it came a moment after a start. What the MTA then
    // cannot carry is answered 451. REQUIRETLS is promised for no MTA that has not offered it.
    offer_ = options_.allowed.intersect(smtp::Offer::everything()).remove(smtp::Extension::requiretls);
    std::ranges::stable_sort(upstreams_, {}, [](const auto& upstream) { return upstream->options.priority; });
    for (const auto& upstream : upstreams_) {
        if (in_use() < options_.pool.connections_max) open(*upstream, nullptr);
    }
    schedule_pump();
}

Pool::~Pool() {
    for (auto* list : {&connections_, &quitting_}) {
        for (auto& connection : *list) {
            connection->close();
            loop_.retire(std::move(connection));
        }
    }
}

void Pool::request(Job& job) {
    job.deadline_ = loop_.now() + options_.pool.waiting_time_max;
    const bool room = !draining_ && queue_.size() < options_.pool.waiting_max;
    if (room) {
        queue_.push_back(job);
    } else {
        refused_.push_back(job);
    }
    schedule_pump();
}

void Pool::forget(Job& job) {
    leave_queue(job);
    if (job.promised_ != nullptr) break_promise(*job.promised_);
    Connection* const connection = std::exchange(job.connection_, nullptr);
    if (connection == nullptr) return;
    end_lease(*connection);
    discard(*connection);
}

void Pool::leave_queue(Job& job) {
    if (queue_.holds(job)) queue_.remove(job);
    if (refused_.holds(job)) refused_.remove(job);
}

void Pool::promise(Connection& connection, Job& job) {
    connection.lease().promised_to = &job;
    job.promised_ = &connection;
    queue_.take_hold(job);
}

void Pool::break_promise(Connection& connection) {
    Job* const job = std::exchange(connection.lease().promised_to, nullptr);
    if (job == nullptr) return;
    job->promised_ = nullptr;
    queue_.let_go(*job);
}

void Pool::release(Job& job) {
    Connection& connection = *std::exchange(job.connection_, nullptr);
    end_lease(connection);
    if (connection.dialogue().usable()) {
        if (!connection.upstream().trust.distrusted()) connection.upstream().health.succeeded();
        make_idle(connection);
    } else {
        discard(connection);
    }
    schedule_pump();
}

void Pool::schedule_pump() {
    if (std::exchange(pump_scheduled_, true)) return;
    loop_.defer([this, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) pump();
    });
}

void Pool::pump() {
    pump_scheduled_ = false;
    maintain();
    note_outage();
    fail_all(refused_, {.reply = too_busy, .mta = {}});
    for (const bool fast_lane : {true, false}) {
        fail_expired(queue_.arrivals(fast_lane));
        if (hopeless()) fail_all(queue_.arrivals(fast_lane), none_up());
    }
    while (serve_next()) {
    }
    arm_alarm();
}

/// Leases a new connection to the job it was opened for, where no other connection will do for that job. The
/// job had its turn when the connection was opened. If the next job in turn took the connection, or if it
/// were closed to make room for another, the job would have connections opened in vain again and again. With
/// the PROXY protocol, where no other client can use the connection, that would happen to every job.
bool Pool::serve_promised() {
    for (Connection* const connection : idle_) {
        Job* const job = connection->lease().promised_to;
        const bool particular = job != nullptr && (job->fresh_only_ || job->young_only ||
                                                   connection->lease().carry == Carry::proxy);
        if (!particular || !fits(*connection, *job)) continue;
        lease(*connection, *job);
        return true;
    }
    return false;
}

/// Does one thing for the first job for which anything can be done. A job that is called may change the
/// queues, so the search begins anew each time. Two kinds of job are skipped: those with a connection being
/// opened for them, and, while none can be opened, some of those that no idle connection suits.
bool Pool::serve_next() {
    if (serve_promised()) return true;
    Job* next = nullptr;
    Connection* idle = nullptr;
    unsigned particular = 0;
    queue_.each([&](Job& job) {
        idle = idle_for(job);
        if (idle == nullptr) {
            if (job.promised_ != nullptr) return FairQueue::Visit::pass;
            const bool needs_new = (job.fresh_only_ || job.young_only) && !idle_.empty();
            if (needs_new && to_open() == nullptr && ++particular <= options_.pool.connections_max)
                return FairQueue::Visit::pass;
        }
        next = &job;
        return FairQueue::Visit::stop;
    });
    if (next == nullptr) return false;
    if (idle == nullptr) return open_for(*next);
    lease(*idle, *next);
    return true;
}

bool Pool::all_down() const {
    return std::ranges::all_of(upstreams_, [](const auto& upstream) { return upstream->down(); });
}

bool Pool::distrusts_any() const {
    return std::ranges::any_of(upstreams_, [](const auto& upstream) { return upstream->trust.distrusted(); });
}

void Pool::note_outage() {
    if (!all_down()) {
        outage_began_.reset();
    } else if (!outage_began_) {
        outage_began_ = loop_.now();
    }
}

bool Pool::hopeless() const {
    return outage_began_ && loop_.now() - *outage_began_ >= options_.pool.outage_wait_max;
}

/// The failure for jobs when no MTA is up; it quotes the first MTA that refused us in words.
Failure Pool::none_up() const {
    Failure failure{.reply = distrusts_any() ? distrusted_mta : no_mta_up, .mta = {}};
    const auto spoke = [](const auto& upstream) { return !upstream->last_words.empty(); };
    const auto at = std::ranges::find_if(upstreams_, spoke);
    if (at != upstreams_.end()) failure.mta_reply = (*at)->name + ": " + (*at)->last_words;
    return failure;
}

void Pool::fail_all(const JobQueue& queue, const Failure& failure) {
    // Jobs that arrive during this loop are left for later: a client that asks again and again would keep it
    // running.
    for (std::size_t count = queue.size(); count != 0 && !queue.empty(); --count) {
        Job& job = *queue.front();
        fail(job, failure);
    }
}

void Pool::fail_expired(const JobQueue& queue) {
    // All jobs wait for the same time, so the first are the oldest; a job that is retried is put in front of
    // younger ones.
    while (!queue.empty() && queue.front()->deadline_ <= loop_.now()) {
        Job& job = *queue.front();
        fail(job, {.reply = too_busy, .mta = {}});
    }
}

void Pool::fail(Job& job, const Failure& failure) {
    forget(job);
    job.failed(failure);
}

void Pool::arm_alarm() {
    Instant next = Instant::max();
    for (const bool fast_lane : {true, false}) {
        const JobQueue& queue = queue_.arrivals(fast_lane);
        if (!queue.empty()) next = std::min(next, queue.front()->deadline_);
    }
    const bool someone_waits = next != Instant::max();
    if (someone_waits && outage_began_) next = std::min(next, *outage_began_ + options_.pool.outage_wait_max);
    for (const auto& upstream : upstreams_) {
        // An MTA whose retry is already due waits only for a free connection, and gets it when one is given
        // back.
        if (upstream->health.failing() && upstream->health.retry_at() > loop_.now() && !draining_)
            next = std::min(next, upstream->health.retry_at());
    }
    if (next == Instant::max()) {
        alarm_.disarm();
    } else {
        loop_.arm(alarm_, std::max(next - loop_.now(), Millis{1}));
    }
}

/// The priority of the MTAs that jobs go to now: the best at which an MTA answers, or has not failed yet.
unsigned Pool::priority_in_use() const {
    for (const auto& upstream : upstreams_) {
        if (!upstream->down()) return upstream->options.priority;
    }
    return std::numeric_limits<unsigned>::max();
}

/// The idle connection to use for this job: one that speaks for its client already, else one of the least
/// busy MTA, the last used first (its process is the warmest, and the other connections may expire).
Connection* Pool::idle_for(Job& job) {
    Connection* best = nullptr;
    auto best_rank = std::tuple(true, std::numeric_limits<unsigned>::max());
    const unsigned priority = priority_in_use();
    for (Connection* each : std::views::reverse(idle_)) {
        Connection& connection = *each;
        if (connection.upstream().options.priority != priority || !fits(connection, job)) continue;
        const bool to_introduce = connection.lease().carry != Carry::nothing &&
                                  connection.lease().introduction != introduction(connection, job);
        const auto rank = std::tuple(to_introduce, connection.upstream().leased);
        if (rank < best_rank) {
            best = &connection;
            best_rank = rank;
        }
    }
    return best;
}

/// True: no job has used the connection, and it was opened in this turn of the loop.
bool Pool::is_fresh(Connection& connection) const {
    const Connection::Lease& lease = connection.lease();
    return lease.uses == 0 && lease.opened_at == loop_.now();
}

bool Pool::fits(Connection& connection, Job& job) const {
    const Connection::Lease& lease = connection.lease();
    if (job.fresh_only_ && !is_fresh(connection)) return false;
    if (job.young_only && !connection.young()) return false;
    switch (lease.carry) {
        case Carry::nothing: return true;
        case Carry::proxy: return lease.introduction == introduction(connection, job);
        case Carry::xclient:
            if (lease.introduction.empty() || lease.introduction == introduction(connection, job))
                return true;
            return !lease.tied;
    }
    return false;
}

const Introduction& Pool::introduction(Connection& connection, Job& job) const {
    const Connection::Lease& lease = connection.lease();
    if (lease.carry == Carry::proxy) {
        job.introduction_ = proxy_introduction(job.client(), connection.upstream().options.address.tcp);
        job.introduction_attributes_ = {};
    } else if (job.introduction_.empty() || job.introduction_attributes_ != lease.attributes) {
        job.introduction_ = xclient_introduction(job.client(), lease.attributes);
        job.introduction_attributes_ = lease.attributes;
    }
    return job.introduction_;
}

void Pool::lease(Connection& connection, Job& job) {
    Connection::Lease& lease = connection.lease();
    if (job.promised_ != nullptr) break_promise(*job.promised_);
    break_promise(connection);
    queue_.take_hold(job);
    queue_.remove(job);

    leave_idle(connection);
    lease.may_be_stale = lease.idle_since != loop_.now();
    lease.job = &job;
    ++lease.uses;
    ++connection.upstream().leased;
    job.connection_ = &connection;
    if (lease.carry != Carry::xclient || lease.introduction == introduction(connection, job)) {
        job.begin(connection);
        return;
    }
    lease.introduction = introduction(connection, job);
    connection.dialogue().introduce(lease.introduction.preface, lease.introduction.helo,
                                    lease.introduction.esmtp);
    connection.send();
}

/// The MTA to open one more connection to; null = none now.
Upstream* Pool::to_open() const {
    const unsigned priority = priority_in_use();
    Upstream* best = nullptr;
    for (const auto& upstream : upstreams_) {
        if (upstream->options.priority != priority || upstream->down()) continue;
        if (!upstream->health.may_try(loop_.now())) continue;
        // While a connection is being opened, others may be opened at the same time only if they could not be
        // shared and the MTA has proved itself.
        const bool first = upstream->shareable() || upstream->trust.due(loop_.now());
        if (first && upstream->opening != 0) continue;
        if (best == nullptr || upstream->opening + upstream->live < best->opening + best->live)
            best = upstream.get();
    }
    const bool room = in_use() < options_.pool.connections_max || !idle_.empty();
    return room ? best : nullptr;
}

/// False: the job has to wait for a connection that is given back or already being opened.
bool Pool::open_for(Job& job) {
    Upstream* const upstream = to_open();
    if (upstream == nullptr) return false;
    // The connection is idle, but of no use to this job: it leads to another MTA, is tied to another client,
    // or is too old.
    if (in_use() >= options_.pool.connections_max) retire_politely(*idle_.front());
    if (!open(*upstream, &job)) schedule_pump();
    return true;
}

void Pool::drain() {
    draining_ = true;
    while (!idle_.empty())
        retire_politely(*idle_.back());
    alarm_.disarm();
    schedule_pump();
}

}  // namespace sluice::relay
