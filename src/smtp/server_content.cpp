// Message content: DATA to its dot, BDAT to its count, and what is refused to its true end.
#include <algorithm>
#include <cstddef>

#include "smtp/server.hpp"

namespace sluice::smtp {

bool Server::over_size(std::uint64_t octets) const {
    return offered_.size_max() != 0 && octets > offered_.size_max();
}

/// Why the content taken so far cannot be accepted, if it cannot.
std::optional<EndedBy> Server::content_fault() const {
    const DataDecoder& decoder = *transaction_->decoder;
    if (decoder.bare_newline_seen() && options_->bare_newlines == BareNewlines::refuse) {
        return EndedBy::bare_newline;
    }
    if (over_size(decoder.octets())) return EndedBy::too_big;
    if (decoder.line_too_long()) return EndedBy::refused;
    return std::nullopt;
}

/// Nothing to return means: go on stepping.
std::optional<Step> Server::take_data(std::string_view& input) {
    DataDecoder& decoder = *transaction_->decoder;
    for (;;) {
        switch (decoder.next(input)) {
            case DataDecoder::Result::run:
                if (content_fault()) break;  // to be refused: not kept, but read on to its end
                content_ = decoder.run();
                return Step::content;
            case DataDecoder::Result::more: return Step::need_input;
            case DataDecoder::Result::end: content_complete(); return std::nullopt;
        }
    }
}

std::optional<Step> Server::take_chunk(std::string_view& input) {
    DataDecoder& decoder = *transaction_->decoder;
    for (;;) {
        std::string_view part =
            input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, input.size())));
        const std::size_t offered = part.size();
        const DataDecoder::Result result = decoder.next(part);
        const std::size_t taken = offered - part.size();
        input.remove_prefix(taken);
        chunk_left_ -= taken;
        if (result == DataDecoder::Result::run) {
            if (content_fault()) continue;
            content_ = decoder.run();
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
    const std::string_view missing = transaction_->decoder->finish();
    content_complete();
    if (missing.empty() || asked_ != Step::ask_message) return std::nullopt;
    content_ = missing;
    return Step::content;
}

/// All content is here, or enough of it to know that it is refused.
void Server::content_complete() {
    mode_ = Mode::command;
    const auto fault = content_fault();
    if (!fault) return ask(Step::ask_message);
    end_transaction(*fault);
    say(*fault == EndedBy::bare_newline ? Say::bare_newline_content
        : *fault == EndedBy::too_big    ? Say::too_big
                                        : Say::line_too_long);
}

/// Answers a BDAT that cannot be obeyed, once its chunk has been read and dropped.
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
