#include "front/context.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "judge/dns_result.hpp"
#include "net/system_load.hpp"

namespace sluice::front {

const smtp::Hello& Context::hello(bool slow) {
    auto offer = options.allowed.intersect(surroundings.backend.extensions.offer());
    if (options.server.accept_xclient) offer.add(smtp::Extension::xclient);
    if (slow) offer.remove(smtp::Extension::pipelining).remove(smtp::Extension::chunking);
    // hello() runs at each step of each session, so the backend is asked only where AUTH can be offered.
    const bool authenticates = options.server.auth != smtp::ServerOptions::Auth::off;
    const std::string_view mechanisms =
        authenticates ? surroundings.backend.logins.auth_mechanisms() : std::string_view();
    return (slow ? slow_hellos_ : hellos_).of(offer, mechanisms);
}

policy::Pressure Context::pressure() {
    constexpr Millis every{100};
    if (now() - looked_at_ < every) return pressure_;
    looked_at_ = now();
    const auto share = [](double part, double whole) { return whole > 0 ? part / whole : 0; };
    const policy::Load load{
        .sessions = share(sessions() - 1.0, options.sessions_max),  // without the session that asks
        .memory = share(static_cast<double>(memory.octets()), static_cast<double>(options.memory_octets_max)),
        .processor = options.policy.overload.load_per_core_percent > 0 ? net::load_per_core() : 0,
        .mta = mta_latency_.at(now())};
    const policy::Pressure found = policy::pressure_of(load, options.policy.overload);
    if (found == pressure_) return found;
    surroundings.tell("pressure", name_of(found));
    metrics().add(Metric::pressure_changes, found);
    return pressure_ = found;
}

void Context::heard_of_list(const policy::Signal& signal) {
    const bool lists_everybody = signal.value == name_of(judge::DnsResult::lists_everything);
    const bool unusable =
        signal.name == "dns_list_error" &&
        (lists_everybody || signal.value.starts_with(name_of(judge::DnsResult::bad_answer)));
    const bool believed = signal.name == "dnsbl" || signal.name == "dnswl";
    if (!unusable && !believed) return;
    const auto known = std::ranges::find(unusable_lists_, signal.what);
    if (unusable == (known != unusable_lists_.end())) return;
    if (unusable) {
        unusable_lists_.push_back(signal.what);
        surroundings.tell("dns_list_unusable",
                          lists_everybody
                              ? fmt::format("{} lists 127.0.0.1, and so everybody", signal.what)
                              : fmt::format("{} has no opinion for us: {}", signal.what, signal.value));
    } else {
        unusable_lists_.erase(known);
        surroundings.tell("dns_list_usable", signal.what);
    }
}

void Context::heard_of_proxy_fault(ProxyFault fault, const IpAddress& balancer) {
    if (!proxy_fault_news_.is_news(fault, now())) return;
    surroundings.tell("proxy_header_fault", fmt::format("{}: {} is in proxy_protocol.networks",
                                                        reason_of(fault), balancer.to_string()));
}

}  // namespace sluice::front
