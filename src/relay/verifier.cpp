#include "relay/verifier.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "relay/answer_class.hpp"
#include "relay/wording.hpp"

namespace sluice::relay {

namespace {

HashKey random_key() {
    std::random_device device;
    const auto word = [&device] { return static_cast<std::uint64_t>(device()) << 32U | device(); };
    return {.k0 = word(), .k1 = word()};
}

/// Long enough that a sender who retries in its usual half hour or hour finds the doubt still there.
constexpr Seconds doubt_time{4 * 3600};

const smtp::Reply unfit_mta{.code = 451, .text = "4.3.3 The mail server cannot take these parameters now"};

}  // namespace

/// One address asked about, for one client. Holds copies, so that it can go on when the client has left: the
/// answer will be remembered.
class Verifier::Check final : public Job {
  public:
    Check(Verifier& verifier, const smtp::RecipientQuestion& question, bool shared)
        : verifier_(verifier), client_(*question.client), recipient_(*question.recipient), shared_(shared) {
        sender_.sender = question.envelope->sender;
        sender_.sender_parameters = question.envelope->sender_parameters;
        fast_lane = question.fast_lane;
        write_recipient_key(recipient_.address, key_);
    }

    void join(smtp::RecipientQuestion& question) {
        waiting_.push_back(&question);
        question.pending = static_cast<Job*>(this);
    }

    /// The question whose client is the one named to the MTA; null once it was withdrawn.
    void lead_by(smtp::RecipientQuestion& question) {
        leader_ = &question;
        join(question);
    }

    const smtp::ClientIdentity& client() const override { return client_; }

    void begin(Connection& connection) override {
        if (connection.dialogue().ask(sender_, recipient_)) {
            connection.send();
            return;
        }
        const std::string mta = connection.upstream().name;
        verifier_.pool_.release(*this);
        verifier_.answered(*this, answer_of({.reply = unfit_mta, .mta = mta, .about_client = true}), false);
    }

    void reached(Connection& connection, smtp::Dialogue::Outcome) override {
        const smtp::Dialogue& dialogue = connection.dialogue();
        // A refused MAIL says nothing about the recipient, whatever its code.
        const bool about_recipient = dialogue.refused_at() != smtp::Dialogue::Stage::mail;
        const bool unknown = about_recipient && says_unknown(dialogue.reply());
        const bool for_everybody = unknown || (about_recipient && says_known(dialogue.reply()));
        smtp::Answer answer = answer_of(connection, dialogue.reply(), verifier_.options_.hostname,
                                        for_everybody ? nullptr : &client_);
        answer.unknown_recipient = unknown;
        if (for_everybody) verifier_.cache_.put(key_, answer.reply, verifier_.loop_.now());
        verifier_.pool_.release(*this);
        verifier_.answered(*this, answer, for_everybody);
    }

    void failed(const Failure& failure) override {
        verifier_.answered(*this, answer_of(failure), !failure.about_client);
    }

    void withdrawn(smtp::Question& question) override {
        // Only its address counts: what made it a RecipientQuestion is destroyed already.
        std::erase(waiting_, &question);
        if (leader_ == &question) leader_ = nullptr;
        // Under way it goes on, and leaves a clean connection and an answer to remember.
        if (!waiting_.empty() || Pool::leased(*this) || done_) return;
        verifier_.pool_.forget(*this);
        verifier_.answered(*this, {}, true);
    }

  private:
    friend class Verifier;

    Verifier& verifier_;
    smtp::ClientIdentity client_;
    smtp::Envelope sender_;
    smtp::Recipient recipient_;
    std::string key_;
    std::vector<smtp::Question*> waiting_;  // RecipientQuestions all
    smtp::Question* leader_ = nullptr;
    bool shared_;
    bool done_ = false;
    Checks::iterator self_;
};

Verifier::Verifier(net::Loop& loop, Pool& pool, const RelayOptions& options)
    : loop_(loop),
      pool_(pool),
      options_(options),
      cache_(options.verify.cache_max, options.verify.positive_ttl, options.verify.negative_ttl,
             random_key()),
      doubted_(options.verify.cache_max, {}, doubt_time, random_key()),
      shared_(0, KeyedHash(random_key())) {}

Verifier::~Verifier() {
    for (Check& check : checks_) {
        pool_.forget(check);
        for (smtp::Question* question : check.waiting_)
            question->pending = nullptr;
    }
}

std::optional<smtp::Answer> Verifier::verify(smtp::RecipientQuestion& question) {
    write_recipient_key(question.recipient->address, key_);
    if (const smtp::Reply* reply = cache_.find(key_, loop_.now()))
        return smtp::Answer{
            .reply = *reply, .mta = {}, .by = "cache", .unknown_recipient = !reply->positive()};
    const auto at = shared_.find(key_);
    // A check of the slow lane may have long to wait: the fast lane does not share its place in the queue.
    if (at != shared_.end() && (at->second->fast_lane || !question.fast_lane)) {
        at->second->join(question);
    } else {
        ask(question, at == shared_.end());
    }
    return std::nullopt;
}

void Verifier::learn(const smtp::Recipient& recipient, const smtp::Reply& reply) {
    write_recipient_key(recipient.address, key_);
    if (says_unknown(reply)) {
        cache_.put(key_, reply, loop_.now());
    } else {
        cache_.erase(key_);
    }
    // A caller that asks about every recipient has no use for doubts.
    if (options_.verify.by != VerifyBy::mta) doubted_.put(key_, reply, loop_.now());
}

bool Verifier::doubts(const smtp::Recipient& recipient) {
    if (doubted_.size() == 0) return false;
    write_recipient_key(recipient.address, key_);
    return doubted_.find(key_, loop_.now()) != nullptr;
}

void Verifier::ask(smtp::RecipientQuestion& question, bool shared) {
    Check& check = checks_.emplace_back(*this, question, shared);
    check.self_ = std::prev(checks_.end());
    check.lead_by(question);
    if (shared) shared_.emplace(check.key_, &check);
    pool_.request(check);
}

/// The check is over. Whoever is told may withdraw, ask again, or destroy any other question.
void Verifier::answered(Check& check, const smtp::Answer& answer, bool for_everybody) {
    Checks over;
    over.splice(over.begin(), checks_, check.self_);
    check.done_ = true;
    if (check.shared_) shared_.erase(shared_.find(check.key_));
    if (!for_everybody) {
        for (smtp::Question* question : std::exchange(check.waiting_, {})) {
            if (question == check.leader_) {
                check.waiting_.push_back(question);
            } else {
                ask(static_cast<smtp::RecipientQuestion&>(*question), false);
            }
        }
    }
    while (!check.waiting_.empty()) {
        smtp::Question& question = *check.waiting_.front();
        check.waiting_.erase(check.waiting_.begin());
        question.pending = nullptr;
        question.answered(answer);
    }
}

}  // namespace sluice::relay
