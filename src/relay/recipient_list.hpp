// The recipients of `verify = "list"`: addresses, and domains in which every address is valid.
//
// A line of the file is "user@example.org" or "@example.org"; '#' begins a comment at the start of a line or
// after a space. Case is ignored altogether: the operator's list stands for mailboxes on an MTA that almost
// certainly ignores case, and refusing "User@" because the list has "user@" would lose mail.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>

namespace sluice::relay {

class RecipientList {
  public:
    /// Never fails: a line that is neither an address nor a domain is counted and left out.
    static RecipientList parse(std::string_view text);

    /// The bare "postmaster" is in every list (RFC 5321 4.5.1).
    bool contains(std::string_view address) const;

    std::size_t size() const { return entries_.size(); }
    std::size_t lines_skipped() const { return lines_skipped_; }

  private:
    std::unordered_set<std::string> entries_;  // lower case; a domain with its '@'
    std::size_t lines_skipped_ = 0;
};

}  // namespace sluice::relay
