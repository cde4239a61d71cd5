// Recipient questions put to an MTA. They are answered from the cache where possible, then from the memory
// that workers and machines share. Several equal questions are asked once, and several questions of one
// client are asked together.
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
    /// All references must outlive the verifier. Without a `memory` (null) nothing is shared.
    Verifier(net::Loop& loop, Pool& pool, store::State* memory, const RelayOptions& options);
    ~Verifier();

    /// An answer from the cache, or nothing and question.answered() later. The memory is asked before the
    /// MTA; the MTA is asked when the memory does not answer. Questions of one network about an address that
    /// is being asked about wait for that answer; if the answer turns out to concern the client that was
    /// named with it (a policy, a deferral), the MTA is then asked for each of the others separately.
    ///
    /// While the MTA is being asked for a client, further questions of that client and sender gather, for
    /// some milliseconds at most, to be asked in one transaction.
    std::optional<smtp::Answer> verify(smtp::RecipientQuestion& question);

    /// Takes what a delivery has found out: `reply` is what the MTA said to this client of a recipient that
    /// had been promised 250. Where that depends on the client, answers given to others promise nothing to
    /// anyone for a day.
    void learn(const smtp::Recipient& recipient, const smtp::Reply& reply, const Hearer& hearer);

    /// True: a delivery was refused this recipient in the last four hours. A caller that does not ask the
    /// MTA about every recipient must ask about these: if 250 were promised again, a message to it and to
    /// others would be put off for ever.
    bool doubts(const smtp::Recipient& recipient);

    std::size_t cached() const { return cache_.size(); }

  private:
    using Checks = std::list<RecipientCheck>;

    /// The questions to the MTA in progress for one client and sender, in one lane.
    struct Asking {
        RecipientCheck* open = nullptr;  // takes further addresses
        unsigned under_way = 0;          // checks that no longer wait for further questions
    };

    template <typename Value>
    using Table = std::unordered_map<std::string, Value, KeyedHash, std::equal_to<>>;

    void write_keys(const smtp::RecipientQuestion& question);
    const smtp::Reply* known(const Hearer& hearer);
    bool join(smtp::RecipientQuestion& question);
    bool recall(smtp::RecipientQuestion& question);
    void take_over(const std::string& recipient, const store::Outcomes* outcomes);
    void ask_mta(smtp::RecipientQuestion& question, Recollection& recollection);
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
    Table<RecipientCheck*> under_way_;  // by own key: the checks that further questions about it may join
    Table<Asking> asking_;              // by client key
    Table<Recollection> recalling_;     // by address: the questions to the memory
    // The keys of the current question; members, so that their memory is reused.
    std::string key_;
    std::string own_key_;
    std::string client_key_;
};

}  // namespace sluice::relay
