// Addresses that nobody has ever had, so that a client that names one has it from a bad list.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

namespace sluice::policy {

/// A set of addresses and of whole domains; case does not matter.
class TrapRecipients {
  public:
    /// Adds "address@domain", or "@domain" for every address there. False, without effect, when `entry` is
    /// neither (no @, nothing after it, or blanks, brackets or control characters).
    [[nodiscard]] bool add(std::string_view entry);

    /// Whether `address` is a trap. It is written as in RCPT, without brackets.
    bool contains(std::string_view address) const;
    bool empty() const { return entries_.empty(); }

  private:
    std::unordered_set<std::string> entries_;  // in lower case
};

}  // namespace sluice::policy
