// Numbers and texts as octets in this machine's byte order: for records on disk, and messages between local
// processes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace sluice::store {

class OctetWriter {
  public:
    explicit OctetWriter(std::string& out) : out_(out) {}

    template <class T>
        requires std::is_arithmetic_v<T> || std::is_enum_v<T>
    void put(T number) {
        out_.append(reinterpret_cast<const char*>(&number), sizeof number);
    }
    /// `text` must have at most 65,535 octets.
    void put_text(std::string_view text) {
        put(static_cast<std::uint16_t>(text.size()));
        out_.append(text);
    }

  private:
    std::string& out_;
};

/// Reads what a writer has put. If anything is missing or too long, everything is bad, and the values read
/// are zero.
class OctetReader {
  public:
    explicit OctetReader(std::string_view in) : left_(in) {}

    template <class T>
        requires std::is_arithmetic_v<T> || std::is_enum_v<T>
    void take(T& number) {
        if (left_.size() < sizeof number) {
            fail();
            number = T{};
            return;
        }
        left_.copy(reinterpret_cast<char*>(&number), sizeof number);
        left_.remove_prefix(sizeof number);
    }
    void take_text(std::string& text, std::size_t octets_max) {
        std::uint16_t size = 0;
        take(size);
        if (size > octets_max || size > left_.size()) fail();
        if (failed_) return text.clear();
        text = left_.substr(0, size);
        left_.remove_prefix(size);
    }
    bool failed() const { return failed_; }
    /// True: everything was there, and nothing is left.
    bool whole() const { return !failed_ && left_.empty(); }

  private:
    void fail() {
        failed_ = true;
        left_ = {};
    }

    std::string_view left_;
    bool failed_ = false;
};

}  // namespace sluice::store
