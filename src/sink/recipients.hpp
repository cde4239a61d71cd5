// The recipients that exist behind the sink.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

namespace sluice::sink {

/// Addresses, and @domains that accept every local part. Case does not matter. Postmaster always exists (RFC
/// 5321 4.5.1).
class Recipients {
  public:
    /// Every recipient exists.
    Recipients() = default;
    /// Only the listed recipients exist: one entry per line; text after a '#' and surrounding space are
    /// skipped.
    explicit Recipients(std::string_view text);

    bool contains(std::string_view address) const;

  private:
    bool everybody_ = true;
    std::unordered_set<std::string> entries_;  // in lower case
};

}  // namespace sluice::sink
