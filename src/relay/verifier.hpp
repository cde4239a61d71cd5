// Recipient questions put to an MTA: answered from the cache where they can be, then from the memory that
// workers and machines share; asked once where several are the same, and asked together where one client has
// several.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "net/loop.hpp"
#include "relay/options.hpp"
#include "relay/pool.hpp"
#include "relay/recipient_cache.hpp"
#include "relay/recipient_check.hpp"
#include "relay/recollection.hpp"
#include "smtp/backend.hpp"

namespace sluice::relay {

class Verifier final : private RecipientCheck::Owner, private Recollection::Owner {
  public:
    /// All references must outlive it. Without a `memory` (null) nothing is shared.
    Verifier(net::Loop& loop, Pool& pool, store::State* memory, const RelayOptions& options);
    ~Verifier();

    /// An answer from the cache, or nothing and question.answered() later. The memory is asked before the
    /// MTA; while it is silent the MTA is. Questions of one network about an address that is being asked
    /// about wait for that answer; if it turns out to be about the client that was named with it (a policy, a
    /// deferral), each of the others is then asked on its own.
    ///
    /// While the MTA is being asked for a client, further questions of that client and sender gather, for
    /// some milliseconds at most, to be asked in one transaction.
    std::optional<smtp::Answer> verify(smtp::RecipientQuestion& question);

    /// A delivery has found out: `reply` is what the MTA said to this client of a recipient that was promised
    /// 250. Where that depends on who asks, answers of others are no promise to anybody for a day.
    void learn(const smtp::Recipient& recipient, const smtp::Reply& reply, const Hearer& hearer);

    /// Whether a delivery was refused this recipient in the last four hours. Who does not ask the MTA about
    /// every recipient must ask about these: told 250 again, a message to it and to others would be put off
    /// for ever.
    bool doubts(const smtp::Recipient& recipient);

    std::size_t cached() const { return cache_.size(); }

  private:
    using Checks = std::list<RecipientCheck>;

    /// What the MTA is being asked for one client and sender, in one lane.
    struct Asking {
        RecipientCheck* open = nullptr;  // takes further addresses
        unsigned under_way = 0;          // checks that wait for no more company
    };

    template <typename Value>
    using Table = std::unordered_map<std::string, Value, KeyedHash, std::equal_to<>>;

    void write_keys(const smtp::RecipientQuestion& question);
    const smtp::Reply* known(const Hearer& hearer);
    bool join(smtp::RecipientQuestion& question);
    bool recall(smtp::RecipientQuestion& question);
    void take_over(const std::string& recipient, const store::Outcomes* outcomes);
    void ask_mta(smtp::RecipientQuestion& question);
    void keep(const std::string& recipient, const std::string& own_key, const Hearer& hearer,
              const smtp::Reply& reply);
    void keep_for_all(const std::string& recipient, const SharedAnswer& answer);
    void share(const std::optional<store::Operation>& operation);
    RecipientCheck& add_check(const smtp::RecipientQuestion& question, std::string client_key);
    void ask(smtp::RecipientQuestion& question, bool joinable);
    void ask_alone(smtp::RecipientQuestion& question, bool on_young_connection);
    void request(RecipientCheck& check, Asking& asking);
    void leave(RecipientCheck& check);
    void part(RecipientCheck& check);
    void tell(RecipientCheck& check);

    void gathered(RecipientCheck& check) override;
    void begun(RecipientCheck& check) override;
    void ended(RecipientCheck& check) override;
    void recalled(Recollection& recollection, const store::Outcomes* outcomes) override;

    net::Loop& loop_;
    Pool& pool_;
    store::State* const memory_;
    const RelayOptions& options_;
    RecipientCache cache_;
    RecipientCache doubted_;  // refused at delivery; the replies do not matter
    Checks checks_;
    Table<RecipientCheck*> under_way_;  // by own key: those that further questions about it may join
    Table<Asking> asking_;              // by client key
    Table<Recollection> recalling_;     // by address: the memory is being asked about it
    // Of the question at hand; kept for their room.
    std::string key_;
    std::string own_key_;
    std::string client_key_;
};

}  // namespace sluice::relay
