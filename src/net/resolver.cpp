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

class PendingQuery;

/// All questions of one resolver, and what they need of it.
struct PendingQueries {
    const Loop& loop;
    Metrics& metrics;
    std::vector<std::unique_ptr<PendingQuery>> each;
};

/// A question that libunbound works on, or that its timer refuses.
///
/// It lives until libunbound is done with it, even when no query waits any more: with the threaded context,
/// ub_cancel() drops the callback but does not end the work, so without this `pending_max` would bound
/// nothing while a server is down.
class PendingQuery final : public Timer, SingleAnswerer<DnsQuery> {
  public:
    PendingQuery(PendingQueries& all, DnsQuery& query)
        : all_(all), index_(all.each.size()), slow_from_(all.loop.now() + slow_after) {
        take(query);
    }

    void asked() { with_libunbound_ = true; }

    void on_timer() override {
        DnsAnswer late;
        late.status = with_libunbound_ ? DnsAnswer::Status::timed_out : DnsAnswer::Status::not_asked;
        finish(late, !with_libunbound_);
    }

    /// libunbound's callback: it is done with the question.
    static void done(void* self, int error, ub_result* result) {
        const DnsAnswer found = to_answer(error, result);
        ub_resolve_free(result);
        auto& pending = *static_cast<PendingQuery*>(self);
        pending.note_slowness(found.status);
        pending.finish(found, true);
    }

  private:
    static constexpr Millis slow_after{1000};

    /// Counts a server that answers too late, which is not the same as one that is silent.
    void note_slowness(DnsAnswer::Status status) {
        const bool answered = status == DnsAnswer::Status::found || status == DnsAnswer::Status::absent;
        if (answered && all_.loop.now() >= slow_from_) all_.metrics.add(Metric::dns_slow_answers);
    }

    void finish(const DnsAnswer& found, bool gone) {
        disarm();
        const auto self = gone ? remove() : nullptr;  // lives until the answer has been heard
        answer(found);
    }

    void question_withdrawn() override {
        disarm();
        if (!with_libunbound_) remove();
    }

    /// The caller destroys this.
    std::unique_ptr<PendingQuery> remove() {
        auto& each = all_.each;
        each.back()->index_ = index_;
        std::swap(each[index_], each.back());
        auto self = std::move(each.back());
        each.pop_back();
        return self;
    }

    PendingQueries& all_;
    std::size_t index_;
    Instant slow_from_;
    bool with_libunbound_ = false;
};

}  // namespace

class Resolver::Impl final : public IoHandler {
  public:
    Impl(Loop& loop, const ResolverOptions& options, Metrics& metrics)
        : loop_(loop),
          deadline_(options.deadline),
          pending_max_(options.pending_max),
          pending_{.loop = loop, .metrics = metrics, .each = {}},
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
    }

    void ask(DnsQuery& query, const std::string& name, DnsType type) {
        assert(!query.pending());
        const bool room = pending_.each.size() < pending_max_;
        PendingQuery& pending = *pending_.each.emplace_back(std::make_unique<PendingQuery>(pending_, query));
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
    const Millis deadline_;
    const std::size_t pending_max_;
    bool started_ = false;
    PendingQueries pending_;
    std::unique_ptr<ub_ctx, DeleteContext> context_;
};

Resolver::Resolver(Loop& loop, const ResolverOptions& options, Metrics& metrics)
    : impl_(std::make_unique<Impl>(loop, options, metrics)) {}
Resolver::~Resolver() = default;

void Resolver::ask(DnsQuery& query, const std::string& name, DnsType type) {
    impl_->ask(query, name, type);
}

}  // namespace sluice::net
