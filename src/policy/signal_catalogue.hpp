// The signals: one row for each thing that Sluice can notice about a client, and an operator's settings for
// them.
//
// A row says when a signal is known, its default weight, and which honest clients it is wrong about; the
// configuration, its reference and the guide come from here. Weights are chosen so that signs which honest
// senders show now and then (no PTR record, a bare word as HELO name) have to come together before a client
// is slowed down. Only signs that no honest sender shows reach Thresholds::slow by themselves.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/verdict.hpp"

namespace sluice::policy {

/// The order is that in which a session meets them.
enum class SignalId : std::uint8_t {
    blocklist,
    reputation,
    concurrency,
    rate,
    dnsbl,
    dnswl,
    no_ptr,
    ptr_unconfirmed,
    dynamic_name,
    pregreet,
    non_smtp,
    early_pipelining,
    bare_newline,
    helo_syntax,
    helo_bare,
    helo_ours,
    helo_literal,
    helo_loopback_literal,
    helo_wrong_literal,
    helo_unresolvable,
    null_sender_fanout,
    trap_recipient,
    unknown_recipients,
    count_,
};
inline constexpr auto signal_count = static_cast<std::size_t>(SignalId::count_);

struct SignalRow {
    SignalId id;
    std::string_view name;             // in the configuration and the log
    std::string_view stage;            // when it is known: "connect", "helo" …
    int weight;                        // by default
    bool per_zone;                     // each DNS list has its own weight; `weight` has no meaning
    std::string_view help;             // one line: what has been noticed
    std::string_view false_positives;  // the honest senders that show it
};

/// One row for each SignalId, in its order. Static storage.
std::span<const SignalRow> signal_catalogue();
const SignalRow& row_of(SignalId id);
std::optional<SignalId> signal_named(std::string_view name);

/// An operator's settings: the weights ([policy.signals]), and which signals are only observed.
class SignalOptions {
  public:
    /// The default weights.
    SignalOptions();
    /// No signal is noticed at all.
    static SignalOptions none();

    /// 0 = the signal is off, and its facts are not gathered.
    int weight(SignalId id) const { return weights_[static_cast<std::size_t>(id)]; }
    int& weight(SignalId id) { return weights_[static_cast<std::size_t>(id)]; }
    bool on(SignalId id) const { return weight(id) != 0; }
    /// Whether it is noted with its weight but does not count (policy.observe_signals).
    bool observed(SignalId id) const { return observed_[static_cast<std::size_t>(id)]; }
    void observe(SignalId id) { observed_.set(static_cast<std::size_t>(id)); }
    void observe_none() { observed_.reset(); }

    /// The signal, with its weight and whether that counts.
    Signal signal(SignalId id, std::string value = {}) const;

  private:
    std::array<int, signal_count> weights_{};
    std::bitset<signal_count> observed_;
};

}  // namespace sluice::policy
