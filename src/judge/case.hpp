// The case of one client: what has been found out about it, stage by stage, and the verdict on it.
//
// Sessions and `sluice explain` drive the same case. They tell it which stage the client has reached, and it
// makes the checks of that stage (check.hpp). It owns the open questions, the signals with their scopes, and
// the facts that are no signals.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "judge/check.hpp"
#include "judge/party.hpp"
#include "judge/sources.hpp"
#include "policy/client_name.hpp"
#include "policy/signal_catalogue.hpp"
#include "policy/verdict.hpp"

namespace sluice::judge {

/// The answer of the greylist to a transaction.
enum class Greylist : std::uint8_t { unknown, passed, waits };

/// The facts that checks have found out and that are no signals.
struct Facts {
    std::uint8_t block_level = 0;  // of the client's last short-term block; 0 = none is remembered
    bool joined : 1 = false;       // the store counts the session
    bool welcome : 1 = false;      // the store knows the client as one that has delivered good mail
    bool untold_near : 1 = false;  // the store may know letters of its network that were delivered untold
    bool trapped : 1 = false;      // the client has named a trap recipient
    Greylist greylist : 2 = Greylist::unknown;  // ends with the transaction
};

class Case {
  public:
    /// `party` outlives the case.
    explicit Case(Party& party) : party_(party) {}
    Case(const Case&) = delete;
    Case& operator=(const Case&) = delete;
    ~Case();

    /// Makes the checks of a stage. True: the stage is over. False: it waits for an answer, and
    /// Party::stage_over() follows, at the latest after the deadlines of the store and of DNS. The party
    /// reaches no other stage meanwhile. A stage may be reached again: HELO, MAIL and RCPT come more than
    /// once.
    [[nodiscard]] bool reach(Stage stage);
    /// Waits for all open questions, whatever stage awaits them; otherwise as reach(Stage::message).
    [[nodiscard]] bool settle();
    /// The stage reached last.
    Stage stage() const { return stage_; }
    /// Forgets the signals of this scope and of narrower ones, and withdraws their questions.
    void drop(policy::SignalScope scope);
    /// Withdraws all questions; a stage that waits for them is not told.
    void withdraw();

    /// Notes a signal; also a note of weight 0 for the log.
    void note(policy::Signal signal);
    /// Notes a signal of the catalogue once; when it is seen again, only its value is renewed. Does nothing
    /// when its weight is 0. The check gives it scope and source; else it is the session's own.
    void notice(policy::SignalId id, std::string value = {});
    void notice(const Check& by, policy::SignalId id, std::string value = {});
    std::span<const policy::Signal> signals() const;

    /// The names of the client's address, once they have been looked up.
    const policy::ClientName& name() const;
    void name(policy::ClientName name) { dossier().name = std::move(name); }
    Facts& facts() { return facts_; }
    const Facts& facts() const { return facts_; }

    /// The operator's decision on the client, which determines the lane alone: an act since the start, or the
    /// configuration.
    std::optional<policy::Lane> decided() const;
    /// The decision as a signal for the log.
    std::optional<policy::Signal> decision() const;
    /// Whether the operator has named the client as good. It may be one of the operator's own, for whom the
    /// MTA relays.
    bool named_good() const { return decided() == policy::Lane::fast; }
    /// Whether the operator has decided, or so much speaks for the client that no other source need be
    /// asked.
    bool is_trusted() const;
    /// Whether the client is no stranger. One that has delivered mail recently is known, but not trusted for
    /// it.
    bool is_known() const;

    /// The verdict on all signals so far.
    policy::Verdict verdict() const;
    /// Whether signals that weigh have come or gone since judged() was called last.
    bool has_changed() const { return changed_; }
    void judged() { changed_ = false; }

    Party& party() const { return party_; }
    const Sources& sources() const { return party_.sources(); }

  private:
    friend class Inquiry;

    /// Allocated on first use: a client about whom nothing is asked and nothing noticed needs none.
    struct Dossier {
        std::vector<policy::Signal> signals;
        policy::ClientName name;
        std::unique_ptr<Inquiry> open;  // a list
        ~Dossier();
    };

    policy::Verdict verdict_where(std::optional<policy::Lane> decided) const;
    void note_once(policy::Signal signal);
    Dossier& dossier();
    bool go_on();
    void begin(policy::Source source);
    bool waits() const;
    std::unique_ptr<Inquiry> take(std::unique_ptr<Inquiry>& link);
    void answered(Inquiry& inquiry);

    Party& party_;
    std::unique_ptr<Dossier> dossier_;
    Facts facts_;
    Stage stage_ : 4 = Stage::connect;
    std::uint8_t next_source_ : 2 = 0;  // the sources before it have been asked at this stage
    bool waiting_ : 1 = false;
    bool changed_ : 1 = false;
};

}  // namespace sluice::judge
