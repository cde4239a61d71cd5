#include "relay/tlsa_watch.hpp"

#include <fmt/format.h>
#include <utility>

namespace sluice::relay {

TlsaWatch::TlsaWatch(net::Loop& loop, net::Resolver& resolver, const std::string& name, std::uint16_t port,
                     std::function<void()> heard)
    : loop_(loop),
      resolver_(resolver),
      records_(fmt::format("_{}._tcp.{}", port, name)),
      heard_(std::move(heard)) {
    ask();
}

void TlsaWatch::ask() {
    resolver_.ask(*this, records_.name(), net::DnsType::tlsa);
}

void TlsaWatch::answered(const net::DnsAnswer& answer) {
    loop_.arm(*this, records_.heard(answer, loop_.now()));
    heard_();
}

}  // namespace sluice::relay
