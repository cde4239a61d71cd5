#include "front/helo_inquiry.hpp"

#include <utility>

namespace sluice::front {

class HeloInquiry::Query final : public net::DnsQuery {
  public:
    Query(HeloInquiry& inquiry, net::DnsType type) : inquiry_(inquiry), type_(type) {}
    void answered(const net::DnsAnswer& answer) override { inquiry_.answered(type_, answer); }

  private:
    HeloInquiry& inquiry_;
    net::DnsType type_;
};

HeloInquiry::HeloInquiry(net::Loop& loop, net::Resolver& resolver, Metrics& metrics, Millis deadline,
                         std::string_view name, Done done)
    : resolver_(resolver), metrics_(metrics), name_(name), done_(std::move(done)) {
    if (name_.ends_with('.')) name_.pop_back();
    loop.arm(*this, deadline);
    ask(net::DnsType::a);
}

HeloInquiry::~HeloInquiry() = default;

void HeloInquiry::ask(net::DnsType type) {
    auto& query = queries_.at(asked_++);
    query = std::make_unique<Query>(*this, type);
    ++pending_;
    resolver_.ask(*query, name_, type);
}

void HeloInquiry::answered(net::DnsType type, const net::DnsAnswer& answer) {
    --pending_;
    if (answer.status == net::DnsAnswer::Status::found) return finish(answer.status);
    if (unknown(answer.status)) doubt_ = answer.status;
    if (type == net::DnsType::a) {
        ask(net::DnsType::aaaa);
        ask(net::DnsType::mx);
    }
    if (pending_ == 0) finish(doubt_);
}

void HeloInquiry::on_timer() {
    finish(net::DnsAnswer::Status::timed_out);
}

void HeloInquiry::finish(net::DnsAnswer::Status status) {
    disarm();
    metrics_.add(Metric::dns_answers, DnsAbout::helo, result_of(status));
    auto done = std::move(done_);
    done(status);  // may destroy us
}

}  // namespace sluice::front
