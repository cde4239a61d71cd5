#include "smtp/data_codec.hpp"

#include <cstddef>

#include "smtp/scan.hpp"

namespace sluice::smtp {

namespace {

constexpr std::string_view crlf = "\r\n";
constexpr std::string_view stuffed_dot = "..";

}  // namespace

DataDecoder::DataDecoder(Framing framing, BareNewlines bare_newlines, std::uint64_t line_octets_max)
    : line_octets_max_(line_octets_max),
      framing_(framing),
      bare_newlines_(bare_newlines),
      position_(after_crlf()) {}

DataDecoder::Result DataDecoder::next(std::string_view& input) {
    run_ = {};
    while (!input.empty()) {
        switch (position_) {
            case Position::dot_cr:
                if (input.front() == '\n') {
                    input.remove_prefix(1);
                    position_ = Position::line_start;
                    return Result::end;
                }
                position_ = Position::cr;  // the dot was stuffing, and the CR is a bare one
                break;
            case Position::dot:
                if (resolve_dot(input)) return Result::run;
                break;
            case Position::cr:
                if (resolve_cr(input)) return Result::run;
                break;
            case Position::line_start:
            case Position::soft_start:
            case Position::text:
                take_run(input);
                if (!run_.empty() || take_doubtful(input)) return Result::run;
                break;
        }
    }
    return Result::more;
}

/// Takes everything that may go out as it came, including lines that begin with a properly stuffed dot.
void DataDecoder::take_run(std::string_view& input) {
    std::size_t taken = 0;
    for (;;) {
        if (position_ != Position::text && input.substr(taken).starts_with('.')) {
            if (position_ == Position::soft_start || !input.substr(taken).starts_with(stuffed_dot)) break;
            taken += stuffed_dot.size();
            --octets_;  // the stuffing is not content
            position_ = Position::text;
        }
        const std::size_t clean = clean_prefix(input.substr(taken));
        if (clean == 0) break;
        taken += clean;
        position_ = input[taken - 1] == '\n' ? after_crlf() : Position::text;
    }
    octets_ += taken;
    emit(input.substr(0, taken));
    input.remove_prefix(taken);
}

/// Takes the one octet that take_run() has left. True when run() holds something.
bool DataDecoder::take_doubtful(std::string_view& input) {
    if (input.empty()) return false;
    const char octet = input.front();
    input.remove_prefix(1);
    if (octet == '\r') {
        position_ = Position::cr;
        return false;
    }
    if (octet == '\n') return bare_newline();
    if (octet == '\0') {
        bare_newline_seen_ = true;
        // In normalise mode NUL is dropped. This must not turn "CRLF NUL . CRLF" into an end: to the client,
        // the dot behind NUL is not at the start of a line.
        if (bare_newlines_ == BareNewlines::refuse) {
            position_ = Position::text;
        } else if (position_ == Position::line_start) {
            position_ = Position::soft_start;
        }
        return false;
    }
    // The octet is a dot at the start of a line.
    if (position_ == Position::line_start) {
        position_ = Position::dot;
        return false;
    }
    position_ = Position::text;
    ++octets_;
    emit(stuffed_dot);
    return true;
}

bool DataDecoder::resolve_dot(std::string_view& input) {
    if (input.front() == '\r') {
        input.remove_prefix(1);
        position_ = Position::dot_cr;
        return false;
    }
    if (input.front() == '.') {
        input.remove_prefix(1);
        position_ = Position::text;
        ++octets_;
        emit(stuffed_dot);
        return true;
    }
    position_ = Position::soft_start;  // the dot was stuffing and is dropped; the rest begins the line
    return false;
}

bool DataDecoder::resolve_cr(std::string_view& input) {
    if (input.front() != '\n') return bare_newline();
    input.remove_prefix(1);
    position_ = after_crlf();
    octets_ += crlf.size();
    emit(crlf);
    return true;
}

bool DataDecoder::bare_newline() {
    bare_newline_seen_ = true;
    if (bare_newlines_ == BareNewlines::refuse) {
        position_ = Position::text;
        ++octets_;
        return false;
    }
    position_ = Position::soft_start;
    octets_ += crlf.size();
    emit(crlf);
    return true;
}

std::string_view DataDecoder::finish() {
    if (position_ == Position::cr) bare_newline_seen_ = true;
    const bool line_open = position_ == Position::cr || position_ == Position::text;
    position_ = after_crlf();
    return line_open ? crlf : std::string_view();
}

void DataDecoder::emit(std::string_view run) {
    run_ = run;
    if (line_octets_max_ != 0) account_lines(run);
}

void DataDecoder::account_lines(std::string_view run) {
    while (!run.empty()) {
        const std::size_t newline = run.find('\n');
        const std::size_t size = newline == std::string_view::npos ? run.size() : newline + 1;
        const bool stuffed = line_octets_ == 0 && run.front() == '.';
        line_octets_ += size - (stuffed ? 1 : 0);
        if (line_octets_ > line_octets_max_) line_too_long_ = true;
        if (newline != std::string_view::npos) line_octets_ = 0;
        run.remove_prefix(size);
    }
}

void append_unstuffed(std::string_view wire, bool& line_start, std::string& out) {
    while (!wire.empty()) {
        if (line_start && wire.front() == '.') {
            wire.remove_prefix(1);
            line_start = false;
        }
        const std::size_t stuffed = wire.find("\n.");
        const std::size_t size = stuffed == std::string_view::npos ? wire.size() : stuffed + 1;
        out.append(wire.substr(0, size));
        if (size > 0) line_start = wire[size - 1] == '\n';
        wire.remove_prefix(size);
    }
}

}  // namespace sluice::smtp
