// The client whose case it is, as far as checks need to know it: a session, or a client that an operator asks
// about.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "judge/stage.hpp"
#include "policy/past.hpp"
#include "smtp/envelope.hpp"
#include "store/operation.hpp"

namespace sluice::judge {

struct Sources;

class Party {
  public:
    virtual const Sources& sources() const = 0;

    virtual const IpAddress& client() const = 0;
    /// The address that the client has connected to. A session finds it with a system call.
    virtual IpAddress reached() const = 0;
    /// Empty before HELO.
    virtual std::string_view helo() const = 0;
    virtual bool authenticated() const = 0;
    /// The transaction so far, from Stage::mail on, and how many of its recipients have been refused.
    virtual const smtp::Envelope& envelope() const = 0;
    virtual std::size_t recipients_refused() const = 0;
    /// The recipient in question, at Stage::rcpt.
    virtual const std::string& recipient() const = 0;

    /// Hears the client's past, with the operations that asked for it and their outcomes.
    virtual void past_found(const policy::Past&, std::span<const store::Operation>, const store::Outcomes&) {}
    /// The stage that Case::reach() had to wait for is over. Called from the loop; may destroy the case.
    virtual void stage_over(Stage stage) = 0;

  protected:
    ~Party() = default;
};

}  // namespace sluice::judge
