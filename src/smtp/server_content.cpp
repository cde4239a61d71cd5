// Message content: DATA up to its dot, BDAT up to its count, and refused content up to its true end.
#include <algorithm>
#include <cassert>
#include <cstddef>

#include "smtp/server.hpp"

namespace sluice::smtp {

namespace {

Say say_for(EndedBy fault) {
    switch (fault) {
        case EndedBy::bare_newline: return Say::bare_newline_content;
        case EndedBy::too_big: return Say::too_big;
        default: return Say::line_too_long;
    }
}

}  // namespace

/// The decoder of the present content.
DataDecoder& Server::decoder() const {
    auto& decoder = transaction_->decoder;
    assert(decoder.has_value());
    return *decoder;
}

bool Server::over_size(std::uint64_t octets) const {
    return offered().size_max() != 0 && octets > offered().size_max();
}

/// The reason why the content so far cannot be accepted, if there is one.
std::optional<EndedBy> Server::content_fault() const {
    const DataDecoder& content = decoder();
    if (content.bare_newline_seen() && options_->bare_newlines == BareNewlines::refuse) {
        return EndedBy::bare_newline;
    }
    if (over_size(content.octets())) return EndedBy::too_big;
    if (content.line_too_long()) return EndedBy::refused;
    return std::nullopt;
}

/// Takes content of DATA. Nothing returned: next() goes on stepping.
std::optional<Step> Server::take_data(std::string_view& input) {
    DataDecoder& content = decoder();
    for (;;) {
        switch (content.next(input)) {
            case DataDecoder::Result::run:
                if (content_fault()) break;  // refused at its end: read on, but not kept
                lent_ = content.run();
                return Step::content;
            case DataDecoder::Result::more: return Step::need_input;
            case DataDecoder::Result::end: content_complete(); return std::nullopt;
        }
    }
}

std::optional<Step> Server::take_chunk(std::string_view& input) {
    DataDecoder& content = decoder();
    for (;;) {
        std::string_view part =
            input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, input.size())));
        const std::size_t offered = part.size();
        const DataDecoder::Result result = content.next(part);
        const std::size_t taken = offered - part.size();
        input.remove_prefix(taken);
        chunk_left_ -= taken;
        if (result == DataDecoder::Result::run) {
            if (content_fault()) continue;
            lent_ = content.run();
            return Step::content;
        }
        if (chunk_left_ > 0) return Step::need_input;
        return chunk_complete();
    }
}

std::optional<Step> Server::chunk_complete() {
    if (!chunk_last_) {
        if (content_fault()) {
            content_complete();
        } else {
            mode_ = Mode::command;
            say(Say::chunk_taken);
        }
        return std::nullopt;
    }
    const std::string_view missing = decoder().finish();
    content_complete();
    if (missing.empty() || asked_ != Step::ask_message) return std::nullopt;
    lent_ = missing;  // given out as content, before the ask_message that is pending
    return Step::content;
}

/// Ends the content, all of which is here, or enough of it to know that it is refused.
void Server::content_complete() {
    mode_ = Mode::command;
    if (decoder().bare_newline_seen()) odd_.bare_newline = true;
    const auto fault = content_fault();
    if (!fault) return ask(Step::ask_message);
    prompt_ = true;
    end_transaction(*fault);
    say(say_for(*fault));
}

/// Refuses a BDAT; the reply waits until its chunk has been read and dropped.
void Server::refuse_chunk(Say why) {
    refuse(why);
    if (!close_pending_) mode_ = Mode::refused_chunk;
}

void Server::drop_chunk(std::string_view& input) {
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, input.size()));
    input.remove_prefix(taken);
    chunk_left_ -= taken;
    if (chunk_left_ == 0) mode_ = Mode::command;
}

}  // namespace sluice::smtp
