// A Maildir: each message is a file of its own, written under tmp/ and moved into new/ when it is complete
// and on disk (https://cr.yp.to/proto/maildir.html).
//
// Lines end in LF, as programs that read a Maildir expect. Blocks on the disk: called from the Offload
// thread.
#pragma once

#include <system_error>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "net/fd.hpp"

namespace sluice::sink {

class Maildir {
  public:
    /// Creates `path` with tmp, new and cur where they are missing. Throws std::system_error. `hostname`
    /// becomes part of file names.
    Maildir(std::string path, std::string_view hostname);

    /// A file name that no other message has or will have.
    std::string unique_name();

    /// A message that is being written to tmp/; it is removed again unless deliver() succeeds.
    class Draft {
      public:
        Draft(const Maildir& maildir, std::string name);
        Draft(const Draft&) = delete;
        Draft& operator=(const Draft&) = delete;
        ~Draft();

        /// False once anything has failed; error() then says what.
        bool append(std::string_view octets);
        /// Syncs the file, moves it to new/, and syncs that directory: if it returns true, the message
        /// survives a power cut.
        bool deliver();
        std::error_code error() const { return error_; }

      private:
        bool fail();

        const Maildir& maildir_;
        std::string name_;
        net::Fd file_;
        std::error_code error_;
        bool delivered_ = false;
    };

  private:
    std::string path_;
    std::string suffix_;
    net::Fd tmp_;
    net::Fd new_;
    std::uint64_t count_ = 0;
};

}  // namespace sluice::sink
