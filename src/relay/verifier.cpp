#include "relay/verifier.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "net/secret_hash.hpp"
#include "relay/answer_class.hpp"
#include "relay/recipient_operations.hpp"

namespace sluice::relay {

namespace {

/// Long enough that the doubt is still there when a sender retries after its usual half hour or hour.
constexpr Seconds doubt_time{4 * 3600};

/// The time for which questions of a client gather while another of its questions is in progress: a few
/// answer times of a busy MTA, and not noticeable for a client.
constexpr Millis company_wait_max{8};

/// When a client that nothing speaks against comes back, the mailbox has more often than not been created
/// since.
constexpr Seconds fast_refusal_time{60};

/// Writes what two questions must have in common to share a MAIL transaction, and the lane. No part contains
/// a newline. The client's port is not included: sessions of one client ask together, in the name of the
/// first.
void write_client_key(const smtp::RecipientQuestion& question, std::string& key) {
    const smtp::ClientIdentity& client = *question.client;
    key = client.address.to_string();
    key += question.fast_lane ? '+' : '-';
    key += client.esmtp ? '+' : '-';
    key += client.name_absent ? '+' : '-';
    key += client.reverse_name_absent ? '+' : '-';
    key += client.destination.to_string();
    key += ' ';
    key += std::to_string(client.destination_port);
    for (const std::string* part : {&client.name, &client.reverse_name, &client.helo,
                                    &question.envelope->sender, &question.envelope->sender_parameters}) {
        key += '\n';
        key += *part;
    }
}

smtp::Answer remembered(const smtp::Reply& reply) {
    return {.reply = reply, .mta = {}, .by = "cache", .unknown_recipient = !reply.positive()};
}

}  // namespace

Verifier::Verifier(net::Loop& loop, Pool& pool, store::State* memory, const RelayOptions& options)
    : loop_(loop),
      pool_(pool),
      memory_(memory),
      options_(options),
      cache_(options.verify.cache_max, options.verify.positive_ttl, options.verify.negative_ttl,
             net::random_hash_key()),
      doubted_(options.verify.cache_max, {}, doubt_time, net::random_hash_key()),
      under_way_(0, KeyedHash(net::random_hash_key())),
      asking_(0, KeyedHash(net::random_hash_key())),
      recalling_(0, KeyedHash(net::random_hash_key())) {}

Verifier::~Verifier() {
    for (RecipientCheck& check : checks_)
        pool_.forget(check);
}

std::optional<smtp::Answer> Verifier::verify(smtp::RecipientQuestion& question) {
    write_keys(question);
    if (const smtp::Reply* reply = known(Hearer::of(question))) return remembered(*reply);
    if (!join(question) && !recall(question)) ask(question, !under_way_.contains(own_key_));
    return std::nullopt;
}

/// Writes the keys of the question, which all steps use until the question is put to the MTA.
void Verifier::write_keys(const smtp::RecipientQuestion& question) {
    write_recipient_key(question.recipient->address, key_);
    write_own_key(key_, Hearer::of(question).kept_for(), own_key_);
    write_client_key(question, client_key_);
}

/// The reply that this client may be given at once. The keys must be those of its question.
const smtp::Reply* Verifier::known(const Hearer& hearer) {
    if (const SharedAnswer* own = cache_.find(own_key_, loop_.now())) return &own->reply;
    const SharedAnswer* const shared = cache_.find(key_, loop_.now());
    return shared != nullptr && serves(*shared, hearer) ? &shared->reply : nullptr;
}

/// Joins a check about this address that is in progress. The keys must be those of the question.
bool Verifier::join(smtp::RecipientQuestion& question) {
    const auto at = under_way_.find(own_key_);
    // A check of the slow lane may have long to wait: the fast lane does not share its place in the queue.
    if (at == under_way_.end() || (question.fast_lane && !at->second->fast_lane)) return false;
    at->second->join(question, own_key_, at->second->client_key() == client_key_);
    return true;
}

/// Asks the memory, or waits for a question to it that is in progress.
bool Verifier::recall(smtp::RecipientQuestion& question) {
    if (memory_ == nullptr) return false;
    const auto operation = recipient_question(key_);
    if (!operation) return false;
    const auto [at, first] = recalling_.try_emplace(key_, static_cast<Recollection::Owner&>(*this), key_);
    at->second.join(question);
    if (first) memory_->ask(at->second, {&*operation, 1});
    return true;
}

void Verifier::recalled(Recollection& recollection, const store::Outcomes* outcomes) {
    // The recollection stays alive until all have been told: they may withdraw each other's questions, or ask
    // again.
    const auto over = recalling_.extract(recollection.recipient());
    take_over(recollection.recipient(), outcomes);
    while (smtp::RecipientQuestion* const question = recollection.next())
        ask_mta(*question, recollection);
}

/// Keeps what the memory knows, unless more has been found out meanwhile.
void Verifier::take_over(const std::string& recipient, const store::Outcomes* outcomes) {
    if (outcomes == nullptr || outcomes->empty()) return;
    auto found =
        read_recipient(outcomes->front(), options_.verify.positive_ttl, options_.verify.negative_ttl);
    if (!found) return;
    const SharedAnswer* const here = cache_.find(recipient, loop_.now());
    if (here == nullptr || here->standing <= found->answer.standing)
        cache_.put(recipient, std::move(found->answer), loop_.now(), found->life);
}

/// Asks the MTA, unless the memory has brought the answer to the question, which comes from `recollection`.
void Verifier::ask_mta(smtp::RecipientQuestion& question, Recollection& recollection) {
    write_keys(question);
    if (const smtp::Reply* reply = known(Hearer::of(question)))
        return recollection.answer(question, remembered(*reply));
    if (!join(question)) ask(question, !under_way_.contains(own_key_));
}

/// Keeps the answer for the client that was told, and for others as far as it concerns them.
void Verifier::keep(const std::string& recipient, const std::string& own_key, const Hearer& hearer,
                    const smtp::Reply& reply) {
    const auto now = heard_now(cache_.find(recipient, loop_.now()), hearer, reply);
    const bool brief = !reply.positive() && hearer.fast_lane;
    cache_.put(own_key, {.standing = Standing::own, .heard_by = {}, .reply = reply}, loop_.now(),
               brief ? fast_refusal_time : Seconds::max());
    if (now) keep_for_all(recipient, *now);
}

void Verifier::keep_for_all(const std::string& recipient, const SharedAnswer& answer) {
    // An answer for one client alone is kept under its own key; here it would only take up room.
    if (answer.standing == Standing::own) {
        cache_.erase(recipient);
    } else {
        cache_.put(recipient, answer, loop_.now());
    }
    if (memory_ != nullptr) share(recipient_told(recipient, answer, cache_.ttl(answer)));
}

void Verifier::share(const std::optional<store::Operation>& operation) {
    if (operation) memory_->tell({&*operation, 1});
}

void Verifier::learn(const smtp::Recipient& recipient, const smtp::Reply& reply, const Hearer& hearer) {
    write_recipient_key(recipient.address, key_);
    write_own_key(key_, hearer.kept_for(), own_key_);
    if (says_unknown(reply)) {
        keep(key_, own_key_, hearer, reply);
    } else {
        cache_.erase(own_key_);
        keep_for_all(key_, {.standing = Standing::disputed, .heard_by = {}, .reply = {}});
    }
    // A caller that asks the MTA about every recipient needs no doubts.
    if (options_.verify.by != VerifyBy::mta)
        doubted_.put(key_, {.standing = Standing::own, .heard_by = {}, .reply = reply}, loop_.now());
}

bool Verifier::doubts(const smtp::Recipient& recipient) {
    if (doubted_.size() == 0) return false;
    write_recipient_key(recipient.address, key_);
    return doubted_.find(key_, loop_.now()) != nullptr;
}

RecipientCheck& Verifier::add_check(const smtp::RecipientQuestion& question, std::string client_key) {
    RecipientCheck& check = checks_.emplace_back(static_cast<RecipientCheck::Owner&>(*this),
                                                 options_.hostname, question, std::move(client_key));
    check.self = std::prev(checks_.end());
    return check;
}

/// Asks about the question alone, or with others of the same client. The keys must be those of the question.
void Verifier::ask(smtp::RecipientQuestion& question, bool joinable) {
    Asking& asking = asking_[client_key_];
    const bool first = asking.open == nullptr;
    if (first) asking.open = &add_check(question, client_key_);
    RecipientCheck& check = *asking.open;
    check.add(question, key_, own_key_, joinable);
    if (joinable) under_way_.emplace(own_key_, &check);
    const std::size_t at_once = std::min<std::size_t>(options_.verify.per_transaction_max,
                                                      pool_.recipients_max(check.client().address));
    const bool full = check.asked().size() >= at_once;
    if (full) asking.open = nullptr;
    if (check.gathering() && (full || asking.under_way == 0)) {
        request(check, asking);
    } else if (first) {
        check.gather(loop_, company_wait_max);
    }
}

void Verifier::ask_alone(smtp::RecipientQuestion& question, bool on_young_connection) {
    RecipientCheck& check = add_check(question, {});
    write_keys(question);
    check.add(question, key_, own_key_, false);
    check.young_only = on_young_connection;
    check.requested();
    pool_.request(check);
}

/// Queues the check. Until the MTA is about to be asked, addresses may still be added.
void Verifier::request(RecipientCheck& check, Asking& asking) {
    ++asking.under_way;
    check.requested();
    pool_.request(check);
}

void Verifier::gathered(RecipientCheck& check) {
    request(check, asking_.find(check.client_key())->second);
}

void Verifier::begun(RecipientCheck& check) {
    const auto at = asking_.find(check.client_key());
    if (at != asking_.end() && at->second.open == &check) at->second.open = nullptr;
}

void Verifier::ended(RecipientCheck& check) {
    Checks over;
    over.splice(over.begin(), checks_, check.self);
    leave(check);
    check.over();
    if (Pool::leased(check)) {
        pool_.release(check);
    } else {
        pool_.forget(check);
    }
    part(check);
    check.tell();
}

/// Removes the check from those of its client. Questions that gathered meanwhile need not wait any longer.
void Verifier::leave(RecipientCheck& check) {
    const auto at = asking_.find(check.client_key());
    if (at == asking_.end()) return;
    Asking& asking = at->second;
    if (asking.open == &check) asking.open = nullptr;
    if (!check.gathering()) --asking.under_way;
    if (asking.under_way != 0) return;
    if (asking.open != nullptr) {
        request(*asking.open, asking);
    } else {
        asking_.erase(at);
    }
}

/// Remembers what can be remembered, and asks anew for the clients for which the answer does not hold.
void Verifier::part(RecipientCheck& check) {
    using Holds = RecipientCheck::Holds;
    for (RecipientCheck::Asked& asked : check.asked()) {
        const RecipientCheck::Finding& found = asked.found;
        if (asked.joinable) under_way_.erase(under_way_.find(asked.own_key));
        if (found.holds == Holds::for_good && found.remembered)
            keep(asked.key, asked.own_key, check.hearer(), found.answer.reply);
        for (const RecipientCheck::Waiting& waiting : std::exchange(asked.waiting, {})) {
            const bool served = found.holds == Holds::for_good || found.holds == Holds::for_all ||
                                (found.holds == Holds::for_own && waiting.own);
            if (served) {
                asked.waiting.push_back(waiting);
            } else {
                ask_alone(static_cast<smtp::RecipientQuestion&>(*waiting.question),
                          found.holds == Holds::for_now);
            }
        }
    }
}

}  // namespace sluice::relay
