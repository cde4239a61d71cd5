#include "relay/relay.hpp"

#include <optional>
#include <utility>

#include "relay/delivery.hpp"
#include "relay/list_file.hpp"
#include "relay/pool.hpp"
#include "relay/verifier.hpp"

namespace sluice::relay {

class Relay::Impl {
  public:
    Impl(net::Loop& loop, net::Offload& offload, RelayOptions options, Notice notice)
        : options_(std::move(options)),
          notice_(std::move(notice)),
          pool_(loop, options_, notice_),
          verifier_(loop, pool_, options_),
          deliveries_(pool_, verifier_, options_) {
        if (options_.verify.by == VerifyBy::list)
            list_.emplace(loop, offload, options_.verify.list_file, notice_);
    }

    std::optional<smtp::Answer> verify(smtp::RecipientQuestion& question) {
        const bool ask = options_.verify.by == VerifyBy::mta || verifier_.doubts(*question.recipient);
        if (ask) return verifier_.verify(question);
        return options_.verify.by == VerifyBy::list ? listed(question) : unverified();
    }

    static smtp::Answer unverified() {
        return {.reply = {.code = 250, .text = "2.1.5 Ok"}, .mta = {}, .by = "off"};
    }

    smtp::Answer listed(const smtp::RecipientQuestion& question) const {
        const RecipientList* const list = list_ ? list_->list() : nullptr;
        if (list == nullptr) return unverified();
        if (list->contains(question.recipient->address))
            return {.reply = {.code = 250, .text = "2.1.5 Ok"}, .mta = {}, .by = "list"};
        return {.reply = {.code = 550, .text = "5.1.1 Recipient address rejected: user unknown"},
                .mta = {},
                .by = "list",
                .unknown_recipient = true};
    }

    RelayOptions options_;
    Notice notice_;
    Pool pool_;
    Verifier verifier_;
    Deliveries deliveries_;
    std::optional<ListFile> list_;
};

Relay::Relay(net::Loop& loop, net::Offload& offload, const RelayOptions& options, Notice notice)
    : impl_(std::make_unique<Impl>(loop, offload, options, std::move(notice))) {}

Relay::~Relay() = default;

smtp::Offer Relay::offer() const {
    return impl_->pool_.offer();
}

std::optional<smtp::Answer> Relay::verify(smtp::RecipientQuestion& question) {
    question.backend = this;
    return impl_->verify(question);
}

void Relay::deliver(smtp::DeliveryQuestion& question) {
    question.backend = this;
    impl_->deliveries_.deliver(question);
}

void Relay::withdraw(smtp::Question& question) {
    // What pending points at is always the job that will answer (see RecipientCheck and Deliveries).
    Job* const job = static_cast<Job*>(std::exchange(question.pending, nullptr));
    job->withdrawn(question);
}

Relay::Counts Relay::counts() const {
    return {.connections = impl_->pool_.connections(),
            .idle = impl_->pool_.idle(),
            .waiting = impl_->pool_.waiting(),
            .cached = impl_->verifier_.cached()};
}

void Relay::drain() {
    impl_->pool_.drain();
}

}  // namespace sluice::relay
