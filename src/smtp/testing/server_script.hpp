// For tests: a driver that plays a whole session against the machine and records it.
#pragma once

#include <cstddef>
#include <fmt/format.h>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "smtp/server.hpp"

namespace sluice::smtp::script {

/// The answers of the driver. By default everything is accepted.
struct Answers {
    Reply greeting{220, "mx.example.org ESMTP"};
    Reply helo{250, ""};
    Reply mail{250, "2.1.0 Ok"};
    Reply rcpt{250, "2.1.5 Ok"};
    Reply data{354, ""};
    Reply message{250, "2.0.0 Queued"};
    Reply starttls{220, ""};
    /// The answer to an argument of AUTH or to a response.
    std::function<Reply(std::string_view)> auth = [](std::string_view text) -> Reply {
        if (text == "*") return {501, "5.7.0 Broken off"};
        if (text == "LOGIN") return {334, "VXNlcm5hbWU6"};
        return text.ends_with("wrong===") ? Reply{535, "5.7.8 No"} : Reply{235, "2.7.0 Ok"};
    };
    /// The answer to recipients whose address begins with "unknown".
    Reply unknown{550, "5.1.1 User unknown"};
};

/// A session as seen from outside. `log` has one entry per step except content and need_input; a message's
/// content is in the entry of its ask_message.
struct Play {
    std::vector<std::string> log;
    std::vector<int> codes;  // of the replies, the greeting's first
    std::string replies;     // all of them, as sent
    std::string unread;
    bool closed = false;

    bool operator==(const Play&) const = default;
};

inline std::string_view name_of(EndedBy reason) {
    constexpr std::string_view names[] = {"rset",    "helo",         "quit",  "refused",
                                          "too_big", "bare_newline", "limits"};
    return names[static_cast<std::size_t>(reason)];
}

class Script {
  public:
    Script(const ServerOptions& options, const Offer& offer, Answers answers = {},
           std::string_view mechanisms = {})
        : hello_(Hello::make(options, offer, mechanisms)), answers_(std::move(answers)), server_(options) {
        server_.greet(answers_.greeting);
    }

    /// Offers `octets` behind the unread ones, and steps until there is nothing more to do.
    void feed(std::string_view octets) {
        pending_ += octets;
        std::string_view input = pending_;
        while (!play_.closed && step(input)) {
        }
        pending_ = input;
        play_.unread = pending_;
    }

    const Play& play() const { return play_; }
    Server& server() { return server_; }

  private:
    bool step(std::string_view& input) {
        const Step step = server_.next(input, *hello_);
        switch (step) {
            case Step::need_input: return false;
            case Step::content: content_ += server_.content(); break;
            case Step::close:
                note("close");
                play_.closed = true;
                break;
            case Step::reply:
                note(server_.reply_wire());
                play_.replies += server_.reply_wire();
                play_.codes.push_back(server_.reply_code());
                break;
            case Step::transaction_ended:
                note(fmt::format("ended {}", name_of(server_.ended_by())));
                content_.clear();
                break;
            case Step::identity_changed: note_identity(); break;
            case Step::start_tls:
                note("tls");
                input = {};
                server_.tls_started();
                break;
            default: ask(step); break;
        }
        return true;
    }

    void ask(Step step) {
        const auto sender = [this] {
            const Envelope& envelope = server_.envelope();
            return fmt::format("{}|{}", envelope.sender, envelope.sender_parameters);
        };
        if (step == Step::ask_helo) {
            note(fmt::format("{} {}", server_.esmtp() ? "ehlo" : "helo", server_.helo()));
            server_.answer(answers_.helo);
        } else if (step == Step::ask_mail) {
            note("mail " + sender());
            server_.answer(answers_.mail);
        } else if (step == Step::ask_rcpt) {
            const Recipient& recipient = server_.recipient();
            note(fmt::format("rcpt {}|{}", recipient.address, recipient.parameters));
            server_.answer(recipient.address.starts_with("unknown") ? answers_.unknown : answers_.rcpt);
        } else if (step == Step::ask_data) {
            note(fmt::format("data {}", server_.envelope().recipients.size()));
            content_.clear();
            server_.answer(answers_.data);
        } else if (step == Step::ask_auth || step == Step::ask_auth_response) {
            const std::string text(server_.auth_text());
            note(fmt::format("{} {}", step == Step::ask_auth ? "auth" : "response", text));
            server_.answer(answers_.auth(text));
        } else if (step == Step::ask_starttls) {
            note("starttls");
            server_.answer(answers_.starttls);
        } else {
            note(fmt::format("message {} to {}: {}", sender(), server_.envelope().recipients.size(),
                             content_));
            content_.clear();
            server_.answer(answers_.message);
        }
    }

    void note_identity() {
        const ClientIdentity& identity = server_.forwarded();
        note(fmt::format("identity {} {} {} {} {}", identity.address.to_string(), identity.port,
                         identity.name, identity.helo, identity.esmtp));
    }

    void note(std::string_view entry) { play_.log.emplace_back(entry); }

    const HelloPtr hello_;
    Answers answers_;
    Server server_;
    Play play_;
    std::string pending_;
    std::string content_;
};

/// Plays `input` cut at the given places.
inline Play play(const ServerOptions& options, const Offer& offer, std::string_view input,
                 const std::vector<std::size_t>& cuts = {}, const Answers& answers = {}) {
    Script script(options, offer, answers);
    std::size_t from = 0;
    for (const std::size_t cut : cuts) {
        script.feed(input.substr(from, cut - from));
        from = cut;
    }
    script.feed(input.substr(from));
    return script.play();
}

}  // namespace sluice::smtp::script
