#include "relay/relay.hpp"

#include <optional>
#include <utility>

#include "base/ascii.hpp"
#include "relay/delivery.hpp"
#include "relay/list_file.hpp"
#include "relay/login.hpp"
#include "relay/pool.hpp"
#include "relay/verifier.hpp"

namespace sluice::relay {

namespace {

LoginConnection& login_of(const smtp::ClientQuestion& question) {
    return static_cast<LoginConnection&>(*question.login);
}

/// Answers from a list, and answers that are not even cached, stay on this machine.
bool sharing(const VerifyOptions& options) {
    const bool kept = options.positive_ttl > Seconds::zero() || options.negative_ttl > Seconds::zero();
    return options.by == VerifyBy::mta && kept;
}

}  // namespace

class Relay::Impl {
  public:
    Impl(net::Loop& loop, net::Offload& offload, net::Resolver* validating, store::State* memory,
         RelayOptions options, Notice notice)
        : loop_(loop),
          options_(std::move(options)),
          notice_(std::move(notice)),
          pool_(loop, validating, options_, notice_),
          verifier_(loop, pool_, sharing(options_.verify) ? memory : nullptr, options_),
          deliveries_(pool_, verifier_, options_) {
        if (options_.verify.by == VerifyBy::list)
            list_.emplace(loop, offload, options_.verify.list_file, notice_);
    }

    std::optional<smtp::Answer> verify(smtp::RecipientQuestion& question) {
        // No list can tell whose a name without a domain is, because the MTA completes it.
        const bool local_name = !question.recipient->address.contains('@') &&
                                !ascii::equal(question.recipient->address, "postmaster");
        const bool ask = options_.verify.by == VerifyBy::mta || verifier_.doubts(*question.recipient) ||
                         (options_.verify.by == VerifyBy::list && local_name);
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

    net::Loop& loop_;
    RelayOptions options_;
    Notice notice_;
    Pool pool_;
    Verifier verifier_;
    Deliveries deliveries_;
    std::optional<ListFile> list_;
    unsigned logins_ = 0;
};

Relay::Relay(net::Loop& loop, net::Offload& offload, net::Resolver* validating, store::State* memory,
             const RelayOptions& options, Notice notice)
    : impl_(std::make_unique<Impl>(loop, offload, validating, memory, options, std::move(notice))) {}

Relay::~Relay() = default;

smtp::Offer Relay::offer() const {
    return impl_->pool_.offer();
}

std::size_t Relay::recipients_max(const IpAddress& client) const {
    return impl_->pool_.recipients_max(client);
}

std::string_view Relay::auth_mechanisms() const {
    const Upstream* const upstream = impl_->pool_.authenticating();
    return upstream == nullptr ? std::string_view() : upstream->offered.auth;
}

std::unique_ptr<smtp::Login> Relay::open_login(const smtp::ClientIdentity& client) {
    Upstream* const upstream = impl_->pool_.authenticating();
    if (upstream == nullptr || impl_->logins_ >= impl_->options_.auth_connections_max) return nullptr;
    ++impl_->logins_;
    return std::make_unique<LoginConnection>(impl_->loop_, impl_->options_, *upstream, client,
                                             [impl = impl_.get()] { --impl->logins_; });
}

void Relay::authenticate(smtp::AuthQuestion& question) {
    login_of(question).authenticate(question);
}

std::optional<smtp::Answer> Relay::verify(smtp::RecipientQuestion& question) {
    // The recipients of an authenticated client say nothing about others, so no cache is read or written.
    if (question.login != nullptr) {
        login_of(question).verify(question);
        return std::nullopt;
    }
    return impl_->verify(question);
}

void Relay::deliver(smtp::DeliveryQuestion& question) {
    if (question.login != nullptr) return login_of(question).deliver(question);
    impl_->deliveries_.deliver(question);
}

bool Relay::passed_on(const smtp::DeliveryQuestion& question) const {
    if (question.login != nullptr) return login_of(question).passed_on();
    return Deliveries::passed_on(question);
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
