#include "net/resolver.hpp"

#include <unbound.h>

#include <cassert>
#include <optional>
#include <stdexcept>
#include <utility>

#include "net/dns_answer.hpp"
#include "net/dns_fault_log.hpp"
#include "net/loop.hpp"
#include "net/quiet_thread.hpp"
#include "net/socket.hpp"

namespace sluice::net {
namespace {

void check(int error, const std::string& what) {
    if (error != UB_NOERROR) throw std::runtime_error("libunbound: " + what + ": " + ub_strerror(error));
}

/// Converts "127.0.0.1:5353" to libunbound's notation, "127.0.0.1@5353".
std::string forwarder(const std::string& server) {
    if (const auto address = IpAddress::parse(server)) return address->to_string();
    const auto endpoint = Endpoint::parse(server);
    if (!endpoint)
        throw std::runtime_error("DNS server \"" + server + "\" is no address and no address:port");
    return endpoint->address.to_string() + "@" + std::to_string(endpoint->port);
}

}  // namespace

/// A question that libunbound works on, or that its timer refuses.
///
/// It lives until libunbound is done with it, even when no query waits any more: with the threaded context,
/// ub_cancel() drops the callback but does not end the work, so without this `pending_max` would bound
/// nothing while a server is down.
class PendingQuery final : public Timer {
  public:
    PendingQuery(std::vector<std::unique_ptr<PendingQuery>>& all, DnsQuery& query, const Loop& loop,
                 Metrics& metrics)
        : all_(all),
          index_(all.size()),
          query_(&query),
          loop_(loop),
          metrics_(metrics),
          slow_from_(loop.now() + slow_after) {
        query.pending_ = this;
    }

    /// Called by the query's destructor.
    static void withdraw(DnsQuery& query) {
        if (query.pending_ != nullptr) query.pending_->forget_query();
    }

    void asked() { with_libunbound_ = true; }

    void on_timer() override {
        DnsAnswer answer;
        answer.status = with_libunbound_ ? DnsAnswer::Status::timed_out : DnsAnswer::Status::not_asked;
        finish(answer, !with_libunbound_);
    }

    /// libunbound's callback: it is done with the question.
    static void done(void* self, int error, ub_result* result) {
        const DnsAnswer answer = to_answer(error, result);
        ub_resolve_free(result);
        auto& pending = *static_cast<PendingQuery*>(self);
        pending.note_slowness(answer.status);
        pending.finish(answer, true);
    }

    /// Called when the resolver ends before the query.
    void orphan() {
        if (query_ != nullptr) query_->pending_ = nullptr;
    }

  private:
    static constexpr Millis slow_after{1000};

    /// Counts a server that answers too late, which is not the same as one that is silent.
    void note_slowness(DnsAnswer::Status status) {
        const bool answered = status == DnsAnswer::Status::found || status == DnsAnswer::Status::absent;
        if (answered && loop_.now() >= slow_from_) metrics_.add(Metric::dns_slow_answers);
    }

    void finish(const DnsAnswer& answer, bool gone) {
        disarm();
        DnsQuery* const query = std::exchange(query_, nullptr);
        if (query != nullptr) query->pending_ = nullptr;
        if (gone) remove();
        if (query != nullptr) query->answered(answer);
    }

    void forget_query() {
        query_ = nullptr;
        disarm();
        if (!with_libunbound_) remove();
    }

    void remove() {
        auto& all = all_;
        const std::size_t index = index_;
        all.back()->index_ = index;
        std::swap(all[index], all.back());
        all.pop_back();  // this
    }

    std::vector<std::unique_ptr<PendingQuery>>& all_;
    std::size_t index_;
    DnsQuery* query_;  // null when no query waits for the answer
    const Loop& loop_;
    Metrics& metrics_;
    Instant slow_from_;
    bool with_libunbound_ = false;
};

DnsQuery::~DnsQuery() {
    PendingQuery::withdraw(*this);
}

class Resolver::Impl final : public IoHandler {
  public:
    Impl(Loop& loop, const ResolverOptions& options, Metrics& metrics)
        : loop_(loop),
          metrics_(metrics),
          deadline_(options.deadline),
          pending_max_(options.pending_max),
          context_(ub_ctx_create()) {
        if (!context_) throw std::runtime_error("libunbound: cannot create a context");
        ub_ctx* const context = context_.get();
        check(ub_ctx_debugout(context, DnsFaultLog::of_process().stream()), "debugout");
        check(ub_ctx_async(context, 1), "async");
        // A libunbound without these options reports SERVFAIL for all faults. The second is on by default in
        // the library, and would also suppress the lines of the first.
        (void)ub_ctx_set_option(context, "log-servfail:", "yes");
        (void)ub_ctx_set_option(context, "val-log-squelch:", "no");
        set_option("do-not-query-localhost:", "no");
        // Without this, a server that was down is not asked for up to 15 minutes after it is back.
        set_option("infra-keep-probing:", "yes");
        // libunbound has built-in zones for private networks, loopback and "test."; whether those exist is
        // for the operator's name server to say.
        set_option("unblock-lan-zones:", "yes");
        if (!options.trust_anchor_file.empty())
            check(ub_ctx_add_ta_file(context, options.trust_anchor_file.c_str()), options.trust_anchor_file);
        for (const auto& server : options.servers)
            check(ub_ctx_set_fwd(context, forwarder(server).c_str()), server);
        if (options.servers.empty()) ub_ctx_resolvconf(context, nullptr);
        for (const char* const zone : {"test.", "127.in-addr.arpa."})
            check(ub_ctx_zone_remove(context, zone), zone);
        if (!loop_.watch(ub_fd(context), *this, EPOLLIN))
            throw std::runtime_error("libunbound: cannot watch its pipe");
    }

    ~Impl() override {
        loop_.unwatch(ub_fd(context_.get()));
        context_.reset();  // joins its thread; no callback comes after this
        for (const auto& pending : pending_)
            pending->orphan();
    }

    void ask(DnsQuery& query, const std::string& name, DnsType type) {
        assert(!query.pending());
        const bool room = pending_.size() < pending_max_;
        PendingQuery& pending =
            *pending_.emplace_back(std::make_unique<PendingQuery>(pending_, query, loop_, metrics_));
        if (room && start(pending, name, type)) {
            pending.asked();
            loop_.arm(pending, deadline_);
        } else {
            loop_.arm(pending, Millis{0});
        }
    }

    void on_io(std::uint32_t) override { ub_process(context_.get()); }

  private:
    struct DeleteContext {
        void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
    };

    void set_option(const char* name, const char* value) {
        check(ub_ctx_set_option(context_.get(), name, value), name);
    }

    bool start(PendingQuery& pending, const std::string& name, DnsType type) {
        constexpr int internet = 1;
        const auto resolve = [&] {
            return ub_resolve_async(context_.get(), name.c_str(), static_cast<int>(type), internet, &pending,
                                    &PendingQuery::done, nullptr) == UB_NOERROR;
        };
        if (started_) return resolve();
        started_ = true;
        const SignalsBlocked for_its_thread;
        return resolve();
    }

    Loop& loop_;
    Metrics& metrics_;
    const Millis deadline_;
    const std::size_t pending_max_;
    bool started_ = false;
    std::vector<std::unique_ptr<PendingQuery>> pending_;
    std::unique_ptr<ub_ctx, DeleteContext> context_;
};

Resolver::Resolver(Loop& loop, const ResolverOptions& options, Metrics& metrics)
    : impl_(std::make_unique<Impl>(loop, options, metrics)) {}
Resolver::~Resolver() = default;

void Resolver::ask(DnsQuery& query, const std::string& name, DnsType type) {
    impl_->ask(query, name, type);
}

}  // namespace sluice::net
