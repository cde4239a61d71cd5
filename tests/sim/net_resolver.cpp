// DNS answers that follow from the name asked for: a tenth of all addresses is listed (127.0.0.1 never is, or
// the product would trust no list), two thirds have a name.
#include <algorithm>
#include <array>
#include <charconv>
#include <list>
#include <string_view>

#include "net/loop.hpp"
#include "net/resolver.hpp"
#include "sim/kernel.hpp"

namespace sluice::net {

namespace {

class PendingQuery final : public SingleAnswerer<DnsQuery> {
  public:
    explicit PendingQuery(DnsQuery& query) { take(query); }
    using SingleAnswerer::answer;
};

DnsAnswer answer_to(const std::string& name, DnsType type) {
    std::uint64_t hash = 1469598103934665603U;
    for (const char c : name)
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    sim::Dice dice(hash);
    DnsAnswer answer;
    answer.ttl_s = 60;
    answer.status = DnsAnswer::Status::absent;
    if (type == DnsType::ptr && dice.chance(660)) {
        answer.status = DnsAnswer::Status::found;
        answer.texts = {"host.of." + name};
    } else if (type == DnsType::a && name.starts_with("host.of.")) {
        // "host.of.4.3.2.1.in-addr.arpa" resolves to the address in its name; one in five gives a wrong one.
        const std::string_view digits = std::string_view(name).substr(8);
        std::array<std::uint8_t, 4> octets{};
        std::size_t at = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            const std::size_t dot = std::min(digits.find('.', at), digits.size());
            std::from_chars(digits.data() + at, digits.data() + dot, octets[3 - i]);
            at = dot + 1;
        }
        if (dice.chance(200)) octets[3] ^= 1U;
        answer.status = DnsAnswer::Status::found;
        answer.addresses = {IpAddress::v4(octets)};
    } else if (type == DnsType::a && name.ends_with(".list.example") && !name.starts_with("1.0.0.127.") &&
               dice.chance(100)) {
        answer.status = DnsAnswer::Status::found;
        answer.addresses = {IpAddress::v4({127, 0, 0, 2})};
    }
    return answer;
}

}  // namespace

class Resolver::Impl {
  public:
    Impl(Loop& loop, const ResolverOptions& options) : loop_(loop), options_(options) {}

    void ask(DnsQuery& query, const std::string& name, DnsType type) {
        auto& kernel = sim::Kernel::current();
        const auto at = pending_.emplace(pending_.end(), query);
        DnsAnswer answer = answer_to(name, type);
        sim::Micros takes{kernel.dice().magnitude(100, 200'000)};
        if (kernel.faults().strikes(sim::Fault::dns_silent)) {
            answer = {};
            answer.status = DnsAnswer::Status::timed_out;
            takes = options_.deadline;
        } else if (kernel.faults().strikes(sim::Fault::dns_fails)) {
            answer = {};
        }
        kernel.agenda().after(takes, [this, at, answer, alive = std::weak_ptr(alive_)] {
            if (alive.expired()) return;
            loop_.post([this, at, answer, still = alive] {
                if (still.expired()) return;
                at->answer(answer);
                pending_.erase(at);
            });
        });
    }

  private:
    Loop& loop_;
    ResolverOptions options_;
    std::list<PendingQuery> pending_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

Resolver::Resolver(Loop& loop, const ResolverOptions& options, Metrics&)
    : impl_(std::make_unique<Impl>(loop, options)) {}
Resolver::~Resolver() = default;

void Resolver::ask(DnsQuery& query, const std::string& name, DnsType type) {
    impl_->ask(query, name, type);
}

}  // namespace sluice::net
