#include "relay/upstream.hpp"

namespace sluice::relay {

namespace {

net::TlsTrust trust_of(MtaTls level) {
    switch (level) {
        case MtaTls::automatic:
        case MtaTls::none:
        case MtaTls::may:
        case MtaTls::encrypt: break;
        case MtaTls::verify: return net::TlsTrust::name;
        case MtaTls::fingerprint: return net::TlsTrust::fingerprint;
        case MtaTls::dane_only: return net::TlsTrust::dane;
    }
    return net::TlsTrust::anybody;
}

}  // namespace

net::TlsClientOptions tls_options(const MtaTlsOptions& options) {
    return {.trust = trust_of(options.level),
            .server_name = options.name,
            .ca_file = options.ca_file,
            .fingerprints = options.fingerprints,
            .minimum = net::TlsVersion::v1_2};
}

Upstream::Upstream(const UpstreamOptions& given, const PoolOptions& pool)
    : options(given), name(given.address.to_string()), health(pool.retry_after) {
    if (options.wants_tls()) tls = std::make_unique<const net::TlsClientContext>(tls_options(options.tls));
}

smtp::Hop Upstream::hop(Instant now) const {
    smtp::Hop hop{.starttls = smtp::StartTls::must, .local = options.address.is_local()};
    if (tls_optional()) hop.starttls = smtp::StartTls::may;
    if (tls == nullptr || (tls_optional() && now < plaintext_until)) hop.starttls = smtp::StartTls::never;
    return hop;
}

std::span<const net::TlsaRecord> Upstream::records() const {
    return tlsa ? std::span<const net::TlsaRecord>(tlsa->records()) : std::span<const net::TlsaRecord>();
}

}  // namespace sluice::relay
