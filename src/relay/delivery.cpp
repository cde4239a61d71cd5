#include "relay/delivery.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "relay/answer_class.hpp"
#include "relay/received.hpp"
#include "relay/wording.hpp"

namespace sluice::relay {

namespace {

using Outcome = smtp::Dialogue::Outcome;
using Stage = smtp::Dialogue::Stage;

}  // namespace

class Deliveries::Delivery final : public Job, SingleAnswerer<smtp::DeliveryQuestion> {
  public:
    Delivery(Deliveries& deliveries, smtp::DeliveryQuestion& asked) : deliveries_(deliveries) {
        fast_lane = asked.fast_lane;
        Job::delivery = true;
        take(asked);
    }

    /// Called only before the message has been passed on, so the question still exists.
    const smtp::ClientIdentity& client() const override { return *question()->client; }

    void begin(Connection& connection) override {
        if (connection.dialogue().deliver(*question()->envelope)) {
            connection.send();
            return;
        }
        const Failure failure = unfit(connection);
        deliveries_.pool_.release(*this);
        over(answer_of(failure));
    }

    void reached(Connection& connection, Outcome outcome) override {
        connection_ = &connection;
        if (outcome == Outcome::content) {
            std::string header;
            if (wants_received_header(connection.lease().carry, client(), deliveries_.options_))
                header = received_header(client(), question()->envelope->sender_parameters,
                                         deliveries_.options_.hostname, std::chrono::system_clock::now());
            connection.send_content(std::move(header), question()->message);
            return;
        }
        if (outcome == Outcome::refused && outdated(connection)) {
            // Nothing has been delivered, so asking again repeats nothing.
            connection_ = nullptr;
            young_only = true;
            deliveries_.pool_.release(*this);
            return deliveries_.pool_.request(*this);
        }
        smtp::Answer found;
        if (question() != nullptr) {
            const smtp::Dialogue& dialogue = connection.dialogue();
            found = answer_of(connection, dialogue.reply(), deliveries_.options_.hostname, &client());
            if (dialogue.refused_at() == Stage::recipient) judge_recipients(connection, found);
        }
        deliveries_.pool_.release(*this);
        over(found);
    }

    void failed(const Failure& failure) override { over(answer_of(failure)); }

    bool passed_on() const { return connection_ != nullptr && connection_->dot_sent(); }

    void keep(std::list<Delivery>::iterator self) { self_ = self; }

    /// The delivery that this question waits for; null = it does not wait.
    static const Delivery* of(const smtp::DeliveryQuestion& question) {
        return static_cast<const Delivery*>(SingleAnswerer::of(question));
    }

  private:
    void question_withdrawn() override {
        // After the dot the message is the MTA's, and its answer has to be awaited before another job can
        // use the connection. Before it, closing the connection takes everything back.
        if (passed_on()) return;
        deliveries_.pool_.forget(*this);
        over({});
    }

    /// An MTA process that began long ago may not know a mailbox created since (Connection::young()).
    bool outdated(Connection& connection) const {
        return !young_only && !connection.young() && connection.dialogue().refused_at() == Stage::recipient &&
               std::ranges::any_of(connection.dialogue().recipients(), says_unknown);
    }

    void judge_recipients(Connection& connection, smtp::Answer& found) {
        const auto& recipients = question()->envelope->recipients;
        const auto& replies = connection.dialogue().recipients();
        for (std::size_t i = 0; i < std::min(recipients.size(), replies.size()); ++i) {
            // "Too many" says nothing about this recipient.
            if (replies[i].positive() || says_too_many(replies[i])) continue;
            deliveries_.verifier_.learn(
                recipients[i], scrubbed(connection, replies[i], deliveries_.options_.hostname, nullptr),
                Hearer::of(*question()));
        }
        tell_of_recipients(connection.dialogue(), *question()->envelope, found);
    }

    void over(const smtp::Answer& found) {
        std::list<Delivery> ended;
        ended.splice(ended.begin(), deliveries_.deliveries_, self_);
        answer(found);
    }

    Deliveries& deliveries_;
    Connection* connection_ = nullptr;  // set once the content has been reached
    std::list<Delivery>::iterator self_;
};

Deliveries::Deliveries(Pool& pool, Verifier& verifier, const RelayOptions& options)
    : pool_(pool), verifier_(verifier), options_(options) {}

Deliveries::~Deliveries() {
    for (Delivery& delivery : deliveries_)
        pool_.forget(delivery);
}

void Deliveries::deliver(smtp::DeliveryQuestion& question) {
    Delivery& delivery = deliveries_.emplace_back(*this, question);
    delivery.keep(std::prev(deliveries_.end()));
    pool_.request(delivery);
}

bool Deliveries::passed_on(const smtp::DeliveryQuestion& question) {
    const Delivery* const delivery = Delivery::of(question);
    return delivery != nullptr && delivery->passed_on();
}

}  // namespace sluice::relay
