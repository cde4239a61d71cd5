#include "sink/sink.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "sink/trace.hpp"
#include "smtp/data_codec.hpp"
#include "smtp/foreign_recipient.hpp"

namespace sluice::sink {

namespace {

constexpr std::size_t chunk_octets = std::size_t{256} * 1024;

/// Converts the wire form to the form in a Maildir: dots unstuffed, CRLF to LF. In wire form every CR is part
/// of a CRLF (smtp/data_codec.hpp).
std::string as_stored(std::string_view wire, bool& line_start) {
    std::string out;
    smtp::append_unstuffed(wire, line_start, out);
    std::erase(out, '\r');
    return out;
}

smtp::Reply insufficient_storage() {
    return {452, "4.3.1 The message could not be stored"};
}

}  // namespace

/// One message on its way to the disk. It holds copies of all that the thread needs, because the question,
/// which belongs to the loop, and the message it points to may go away meanwhile.
struct Sink::Delivery final : SingleAnswerer<smtp::DeliveryQuestion> {
    using SingleAnswerer::answer;
    using SingleAnswerer::question;
    using SingleAnswerer::take;
    void question_withdrawn() override { withdrawn = true; }

    std::atomic<bool> withdrawn{false};  // read on the thread
    std::string name;
    std::string trace;
    std::string memory;
    net::Fd file;
    std::uint64_t file_octets = 0;
    std::error_code error;

    /// Called on the thread.
    void store(const Maildir& maildir) {
        if (withdrawn) return;
        Maildir::Draft draft(maildir, name);
        bool line_start = true;
        const bool stored = draft.append(trace) && draft.append(as_stored(memory, line_start)) &&
                            append_file(draft, line_start) && draft.deliver();
        if (!stored && !error) error = draft.error();
    }

    bool append_file(Maildir::Draft& draft, bool& line_start) {
        std::vector<char> chunk(std::min<std::uint64_t>(file_octets, chunk_octets));
        for (std::uint64_t at = 0; at < file_octets;) {
            const std::size_t wanted = std::min<std::uint64_t>(chunk.size(), file_octets - at);
            const ssize_t got = ::pread(file.get(), chunk.data(), wanted, static_cast<off_t>(at));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) {
                error = std::error_code(got < 0 ? errno : EIO, std::generic_category());
                return false;
            }
            const std::string_view wire(chunk.data(), static_cast<std::size_t>(got));
            if (!draft.append(as_stored(wire, line_start))) return false;
            at += wire.size();
        }
        return true;
    }
};

Sink::Sink(net::Loop& loop, net::Offload& offload, Maildir& maildir, SinkOptions options, OnStored stored)
    : loop_(loop),
      offload_(offload),
      maildir_(maildir),
      options_(std::move(options)),
      stored_(std::move(stored)) {}

Sink::~Sink() = default;

smtp::Offer Sink::offer() const {
    return smtp::Offer::everything().remove(smtp::Extension::requiretls).add(smtp::Extension::xclient);
}

std::optional<smtp::Answer> Sink::verify(smtp::RecipientQuestion& question) {
    smtp::Answer answer;
    answer.by = "list";
    if (smtp::is_foreign_recipient(question.recipient->address)) {
        answer.reply = {550, "5.7.1 Relay access denied: this is no open relay, but a sink"};
        return answer;
    }
    answer.unknown_recipient = !options_.recipients.contains(question.recipient->address);
    if (answer.unknown_recipient)
        answer.reply = {550, "5.1.1 No such user here"};
    else
        answer.reply = {250, "2.1.5 Ok"};
    return answer;
}

void Sink::deliver(smtp::DeliveryQuestion& question) {
    auto delivery = std::make_shared<Delivery>();
    delivery->take(question);
    delivery->name = maildir_.unique_name();
    delivery->trace = trace_fields(*question.client, *question.envelope, options_.hostname, delivery->name,
                                   std::chrono::system_clock::now());
    delivery->memory = question.message.memory;
    for (const std::string_view chunk : question.message.chunks)
        delivery->memory += chunk;
    delivery->file_octets = question.message.file_octets;
    if (question.message.fd >= 0) {
        delivery->file.reset(::fcntl(question.message.fd, F_DUPFD_CLOEXEC, 0));
        if (!delivery->file) delivery->error = std::error_code(errno, std::generic_category());
    }

    const bool taken = !delivery->error && offload_.submit([delivery, this] { delivery->store(maildir_); },
                                                           [delivery, this] { finished(*delivery); });
    if (taken) return;
    // An answer must never come from inside deliver().
    if (!delivery->error) delivery->error = std::make_error_code(std::errc::no_buffer_space);
    loop_.post([delivery, this] { finished(*delivery); });
}

void Sink::finished(Delivery& delivery) {
    const smtp::DeliveryQuestion* const question = delivery.question();
    if (question == nullptr) return;
    smtp::Answer answer;
    answer.by = "mta";
    answer.mta = "maildir";
    if (delivery.error) {
        answer.reply = insufficient_storage();
    } else {
        answer.reply = {250, "2.0.0 Ok: stored as " + delivery.name};
        stored_({delivery.name, *question->client, *question->envelope,
                 delivery.memory.size() + delivery.file_octets});
    }
    delivery.answer(answer);
}

}  // namespace sluice::sink
