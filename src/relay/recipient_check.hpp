// One MAIL transaction that asks an MTA about recipients: MAIL, RCPT for each, RSET.
//
// All of it is said on behalf of one client and one sender, and every address is one that this client has
// named for this sender: to put one client's guesses to the MTA in the name of another would be a lie, and
// the MTA's log and its own defences would blame the wrong client. Where the answer concerns the address
// alone it is given to every question that waits for it: clients of one network (Hearer::kept_for).
//
// The check holds copies, so that it can continue when its clients have left: the answers will be remembered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "net/loop.hpp"
#include "relay/job.hpp"
#include "relay/shared_answer.hpp"
#include "smtp/backend.hpp"

namespace sluice::relay {

class RecipientCheck final : public Job, smtp::Answerer, net::Timer {
  public:
    /// The questions for which an answer holds.
    enum class Holds : std::uint8_t {
        for_good,  // it is about the address: it may be remembered (shared_answer.hpp says for whom)
        for_all,   // every question that waits now
        for_own,   // the client the MTA was asked for; the MTA is to be asked anew for each of the others
        for_none,  // none: the MTA is to be asked anew for each, one by one
        for_now,   // like for_none, but on a young connection: an older one may not know a new mailbox yet
    };

    struct Finding {
        smtp::Answer answer;
        Holds holds = Holds::for_none;
        bool remembered = true;  // false: for good, but it may concern what is no longer so
    };

    struct Waiting {
        smtp::Question* question;  // a RecipientQuestion
        bool own;                  // its client and sender are those the MTA is asked for
    };

    struct Asked {
        std::string key;      // of the address (write_recipient_key)
        std::string own_key;  // … and of the network the answer is kept for (write_own_key)
        bool joinable;        // further questions about the address may wait for this answer
        std::vector<Waiting> waiting;
        Finding found;  // set when the check has ended
    };

    class Owner {
      public:
        /// The check has waited long enough for further questions.
        virtual void gathered(RecipientCheck& check) = 0;
        /// The MTA is about to be asked: no address can be added any more.
        virtual void begun(RecipientCheck& check) = 0;
        /// The findings are there, or no question waits for them any more. If the check has a connection, the
        /// owner is to give it back.
        virtual void ended(RecipientCheck& check) = 0;

      protected:
        ~Owner() = default;
    };

    /// `question` gives the client and the sender; it is not added yet. `client_key` stands for both, and for
    /// the lane. `hostname` is our own name, which replaces the MTA's names in replies.
    RecipientCheck(Owner& owner, std::string_view hostname, const smtp::RecipientQuestion& question,
                   std::string client_key);
    ~RecipientCheck() override;

    /// Adds one more address to ask about, and the first question that waits for its answer.
    void add(smtp::RecipientQuestion& question, std::string key, std::string own_key, bool joinable);
    /// Makes the question wait for the answer about an address that was added before.
    void join(smtp::RecipientQuestion& question, std::string_view own_key, bool own);
    /// Calls Owner::gathered once `time` has passed.
    void gather(net::Loop& loop, Millis time) { loop.arm(*this, time); }
    /// The check no longer gathers.
    void requested();
    /// From here on a withdrawn question only leaves; it no longer ends the check.
    void over() { stage_ = Stage::over; }
    /// Gives the findings to the questions that wait for them. One that hears them may ask again, or destroy
    /// any other.
    void tell();

    bool gathering() const { return stage_ == Stage::gathering; }
    const std::string& client_key() const { return client_key_; }
    const Hearer& hearer() const { return hearer_; }
    std::vector<Asked>& asked() { return asked_; }

    const smtp::ClientIdentity& client() const override { return client_; }
    void begin(Connection& connection) override;
    void reached(Connection& connection, smtp::Dialogue::Outcome outcome) override;
    void failed(const Failure& failure) override;

    std::list<RecipientCheck>::iterator self;  // in the list of its owner

  private:
    enum class Stage : std::uint8_t { gathering, requested, over };

    void withdrawn(smtp::Question& question) override;
    void on_timer() override { owner_.gathered(*this); }
    void find_all(const smtp::Answer& answer, Holds holds);

    Owner& owner_;
    std::string_view hostname_;
    smtp::ClientIdentity client_;
    Hearer hearer_;
    smtp::Envelope envelope_;  // its recipients are the addresses of asked_, in the same order
    std::vector<Asked> asked_;
    std::string client_key_;
    Millis connection_age_{0};  // when the MTA was asked
    Stage stage_ = Stage::gathering;
};

}  // namespace sluice::relay
