// Recipient questions put to an MTA: answered from the cache where they can be, asked once where several are
// the same.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/loop.hpp"
#include "relay/options.hpp"
#include "relay/pool.hpp"
#include "relay/recipient_cache.hpp"
#include "smtp/backend.hpp"

namespace sluice::relay {

class Verifier {
  public:
    /// All references must outlive it.
    Verifier(net::Loop& loop, Pool& pool, const RelayOptions& options);
    ~Verifier();

    /// An answer from the cache, or nothing and question.answered() later. Questions about an address that is
    /// being asked about wait for that answer; if it turns out to be about the client that was named with it
    /// (a policy, a deferral), each of the others is then asked on its own.
    std::optional<smtp::Answer> verify(smtp::RecipientQuestion& question);

    /// A delivery has found out: `reply` is what the MTA said of a recipient that was promised 250.
    void learn(const smtp::Recipient& recipient, const smtp::Reply& reply);

    /// Whether a delivery was refused this recipient in the last four hours. Who does not ask the MTA about
    /// every recipient must ask about these: told 250 again, a message to it and to others would be put off
    /// for ever.
    bool doubts(const smtp::Recipient& recipient);

    std::size_t cached() const { return cache_.size(); }

  private:
    class Check;
    using Checks = std::list<Check>;

    void ask(smtp::RecipientQuestion& question, bool shared);
    void answered(Check& check, const smtp::Answer& answer, bool for_everybody);

    net::Loop& loop_;
    Pool& pool_;
    const RelayOptions& options_;
    RecipientCache cache_;
    RecipientCache doubted_;  // refused at delivery; the replies do not matter
    Checks checks_;
    std::unordered_map<std::string, Check*, KeyedHash, std::equal_to<>>
        shared_;       // those that others may join
    std::string key_;  // of the question at hand; kept for its room
};

}  // namespace sluice::relay
