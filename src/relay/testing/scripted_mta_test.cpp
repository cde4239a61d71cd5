#include "relay/testing/scripted_mta.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

#include "wire/proxy_protocol.hpp"

namespace sluice::relay {

namespace {
constexpr const char* authentication_done = "235 2.7.0 Authentication successful";
constexpr std::string_view proof_mail = "MAIL FROM:<>";
constexpr std::string_view proof_recipient = "RCPT TO:<sluice-check@";
constexpr std::string_view proof_address = "203.0.113.25";
}  // namespace

class ScriptedMta::Session final : public net::IoHandler {
  public:
    Session(ScriptedMta& mta, net::Fd fd, unsigned number) : mta_(mta), fd_(std::move(fd)), number_(number) {
        if (!mta_.loop_.watch(fd_.get(), *this, EPOLLIN | EPOLLRDHUP)) close(false);
        greeted_ = !mta_.proxy;
        if (greeted_) answer("connect", "", "220 mx.internal.example ESMTP");
    }

    bool is_open() const { return static_cast<bool>(fd_); }

    void close(bool reset) {
        if (!fd_) return;
        if (reset) {
            const linger now{1, 0};
            ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        }
        mta_.loop_.unwatch(fd_.get());
        tls_ = {};
        fd_.reset();
    }

    void on_io(std::uint32_t) override {
        if (deaf_) return close(false);
        if (shaking_hands_ && !shake_hands()) return;
        std::array<char, 65536> buffer;
        while (fd_ && !hung_) {
            const std::ptrdiff_t count = tls_ ? tls_.read(buffer.data(), buffer.size())
                                              : net::read_some(fd_.get(), buffer.data(), buffer.size());
            if (count == -1) break;
            if (count <= 0) {
                close(false);
                return;
            }
            input_.append(buffer.data(), static_cast<std::size_t>(count));
        }
        while (fd_ && !hung_ && step()) {
        }
        if (fd_ && !output_.empty()) {
            if (tls_) {
                tls_.write(output_.data(), output_.size());
            } else {
                net::write_some(fd_.get(), output_.data(), output_.size());
            }
            output_.clear();
        }
        if (closing_) close(false);
        if (fd_ && starting_tls_) start_tls();
        // Nothing more is read until the client leaves.
        if (fd_ && hung_) mta_.loop_.rewatch(fd_.get(), *this, EPOLLRDHUP);
        deaf_ = hung_;
    }

  private:
    void start_tls() {
        starting_tls_ = introduced_ = false;
        if (!input_.empty()) violation("pipelined behind STARTTLS");
        tls_ = net::TlsStream(*mta_.tls, fd_.get());
        shaking_hands_ = true;
    }

    bool shake_hands() {
        answer("handshake", "", "-");
        if (!fd_) return false;
        if (hung_ || !output_.empty()) {
            // The script's answer replaces the handshake, and nothing follows it.
            shaking_hands_ = false;
            hung_ = true;
            tls_ = {};
            return true;
        }
        const auto result = tls_.shake_hands();
        if (result == net::TlsStream::Handshake::failed) close(false);
        shaking_hands_ = result == net::TlsStream::Handshake::more;
        return result == net::TlsStream::Handshake::done;
    }

    bool step() {
        if (closing_ || starting_tls_) return false;
        if (!greeted_) return read_proxy();
        if (in_content_) return read_content();
        const std::size_t end = input_.find("\r\n");
        if (end == std::string::npos) return false;
        const std::string line = input_.substr(0, end);
        input_.erase(0, end + 2);
        notice_proof(line);
        if (!proof_) mta_.seen.push_back(std::to_string(number_) + " " + line);
        if (responses_ != 0) {
            take_response(line);
        } else {
            command(line);
        }
        return true;
    }

    /// Notes whether the line belongs to a proof: said in the stranger's name, or in a transaction for its
    /// recipients.
    void notice_proof(const std::string& line) {
        if (mta_.hears_proofs) return;
        if (line.starts_with("XCLIENT")) as_stranger_ = line.find(proof_address) != std::string::npos;
        const bool first_alone =
            input_.empty() && address_.empty() && mta_.ehlo.find("XCLIENT") != std::string::npos;
        if (line == proof_mail && (first_alone || input_.starts_with(proof_recipient))) as_ourselves_ = true;
        proof_ = (as_stranger_ || as_ourselves_) && line != "QUIT";
        if (line == "RSET") as_ourselves_ = false;
    }

    bool read_proxy() {
        const wire::ProxyDecoded header = wire::decode_proxy_header(input_);
        if (header.status == wire::ProxyDecoded::Status::malformed)
            mta_.violations.emplace_back("bad PROXY header");
        if (header.status != wire::ProxyDecoded::Status::done) return false;
        input_.erase(0, header.octets);
        if (header.addresses) address_ = header.addresses->source.to_string();
        proof_ = as_stranger_ = address_ == proof_address && !mta_.hears_proofs;
        greeted_ = true;
        answer("connect", "", "220 mx.internal.example ESMTP");
        return true;
    }

    void command(const std::string& line) {
        const std::string verb = line.substr(0, line.find(' '));
        if (verb == "EHLO" || verb == "HELO") {
            helo_ = line.substr(5);
            introduced_ = true;
            answer(verb, line, verb == "HELO" ? "250 mx.internal.example" : "");
        } else if (verb == "XCLIENT") {
            xclient(line);
        } else if (!introduced_ && verb != "QUIT") {
            violation("no EHLO before " + line);
        } else if (verb == "STARTTLS") {
            starttls(line);
        } else if (verb == "AUTH") {
            auth(line);
        } else if (verb == "MAIL") {
            if (mail_) violation("MAIL twice");
            mail_ = answer(verb, line, "250 2.1.0 Ok");
            message_ = {.connection = number_,
                        .address = address_,
                        .helo = helo_,
                        .sender = line.substr(10),
                        .recipients = {},
                        .content = {},
                        .encrypted = static_cast<bool>(tls_),
                        .authenticated = authenticated_};
        } else if (verb == "RCPT") {
            if (answer(verb, line, mail_ ? verdict(line) : "503 5.5.1 no MAIL"))
                message_.recipients.push_back(line.substr(8));
        } else if (verb == "DATA") {
            const bool any = !message_.recipients.empty();
            in_content_ = answer(verb, line, any ? "354 go on" : "554 5.5.1 no valid recipients");
            content_seen_ = false;
        } else if (verb == "RSET") {
            mail_ = false;
            message_ = {};
            answer(verb, line, "250 2.0.0 Ok");
        } else if (verb == "QUIT") {
            answer(verb, line, "221 2.0.0 Bye");
            closing_ = true;
        } else {
            violation("unknown command " + line);
        }
    }

    void starttls(const std::string& line) {
        if (mta_.tls == nullptr || tls_) return violation("STARTTLS that is not offered");
        starting_tls_ = answer("STARTTLS", line, "220 2.0.0 Ready to start TLS");
    }

    void auth(const std::string& line) {
        if (!offers_auth()) return violation("AUTH that is not offered");
        // Without an initial response PLAIN still needs one line, LOGIN the name and the password.
        if (line == "AUTH LOGIN") {
            responses_ = answer("AUTH", line, "334 VXNlcm5hbWU6") ? 2 : 0;
        } else if (line == "AUTH PLAIN") {
            responses_ = answer("AUTH", line, "334 ") ? 1 : 0;
        } else {
            authenticated_ = answer("AUTH", line, authentication_done);
        }
    }

    void take_response(const std::string& line) {
        const bool last = --responses_ == 0;
        const bool well = answer("response", line, last ? authentication_done : "334 UGFzc3dvcmQ6");
        if (!well) responses_ = 0;
        authenticated_ = well && last;
    }

    void xclient(const std::string& line) {
        if (authenticated_) violation("XCLIENT after AUTH");
        if (mail_) violation("XCLIENT within a transaction");
        if (!input_.empty()) violation("pipelined behind XCLIENT");
        if (line.size() + 2 > 512) violation("XCLIENT too long");
        const bool allowed = mta_.xclient_for_all || address_.empty();
        // As in Postfix, the attributes before a refused one take effect.
        const std::size_t addr = line.find("ADDR=");
        if (allowed && addr != std::string::npos)
            address_ = line.substr(addr + 5, line.find(' ', addr) - addr - 5);
        introduced_ = false;
        answer("XCLIENT", line,
               allowed ? "220 mx.internal.example ESMTP" : "550 5.7.0 insufficient authorization");
    }

    static std::string verdict(const std::string& line) {
        if (line.starts_with(proof_recipient)) return "554 5.7.1 Relay access denied";
        if (line.find("unknown") != std::string::npos)
            return "550 5.1.1 Recipient address rejected: User unknown";
        if (line.find("policy") != std::string::npos) return "554 5.7.1 Client host rejected";
        if (line.find("later") != std::string::npos) return "450 4.2.0 Greylisted";
        return "250 2.1.5 Ok";
    }

    bool read_content() {
        if (!content_seen_ && !input_.empty()) {
            content_seen_ = true;
            answer("content", "", "-");
            if (hung_ || !fd_ || closing_) return false;
        }
        const bool at_once = input_.starts_with(".\r\n");
        const std::size_t end = at_once ? 0 : input_.find("\r\n.\r\n");
        if (end == std::string::npos) return false;
        message_.content = at_once ? "" : input_.substr(0, end + 2);
        input_.erase(0, end + (at_once ? 3 : 5));
        in_content_ = false;
        // After a refusal the transaction stays open until RSET, as when a Postfix restriction at the end of
        // the data refused it.
        if (!answer("dot", "", "250 2.0.0 Ok: queued as 4Q by mx.internal.example")) return true;
        mta_.delivered.push_back(message_);
        mail_ = false;
        message_ = {};
        return true;
    }

    /// True when the reply is of the class of `usual`. Where `usual` is "-", only the script can reply.
    bool answer(const std::string& verb, const std::string& line, const std::string& usual) {
        std::optional<std::string> said;
        if (mta_.script && !proof_) said = mta_.script({number_, verb, line});
        if (said == die) {
            close(true);
            return false;
        }
        hung_ = said == hang;
        if (hung_ || (!said && usual == "-")) return false;
        if (!said && usual.empty()) {
            output_ += ehlo();
            return true;
        }
        const std::string reply = said.value_or(usual);
        output_ += reply + "\r\n";
        closing_ = reply.starts_with("421") || verb == "content";
        return reply[0] == (usual[0] == '3' ? '3' : '2');
    }

    bool offers_auth() const { return !mta_.auth.empty() && (tls_ || mta_.tls == nullptr); }

    std::string ehlo() const {
        std::string lines = mta_.ehlo;
        const std::size_t at = lines.find("250-XCLIENT");
        if (!mta_.xclient_for_all && !address_.empty()) lines.erase(at, lines.find('\n', at) + 1 - at);
        std::string more;
        if (mta_.tls != nullptr && !tls_) more = "250-STARTTLS\r\n";
        if (offers_auth()) more += "250-AUTH " + mta_.auth + "\r\n";
        return lines.insert(lines.find('\n') + 1, more);
    }

    void violation(const std::string& what) {
        mta_.violations.push_back(std::to_string(number_) + " " + what);
    }

    ScriptedMta& mta_;
    net::Fd fd_;
    unsigned number_;
    net::TlsStream tls_;
    std::string input_;
    std::string output_;
    std::string address_;
    std::string helo_;
    Delivered message_;
    unsigned responses_ = 0;  // lines of an AUTH exchange that are still to come
    bool starting_tls_ = false;
    bool shaking_hands_ = false;
    bool authenticated_ = false;
    bool greeted_ = true;
    bool introduced_ = false;
    bool mail_ = false;
    bool in_content_ = false;
    bool content_seen_ = false;
    bool hung_ = false;
    bool deaf_ = false;
    bool closing_ = false;
    bool as_stranger_ = false;
    bool as_ourselves_ = false;
    bool proof_ = false;

    friend class ScriptedMta;
};

ScriptedMta::ScriptedMta(net::Loop& loop, const net::Endpoint& endpoint) : loop_(loop) {
    listen(endpoint);
    endpoint_ = net::local_endpoint(listener_.get());
}

void ScriptedMta::listen(const net::Endpoint& endpoint) {
    listener_ = net::listen_tcp(endpoint, {}).value();
    if (!loop_.watch(listener_.get(), *this, EPOLLIN)) std::abort();
}

ScriptedMta::~ScriptedMta() {
    go_down();
}

void ScriptedMta::on_io(std::uint32_t) {
    while (listener_) {
        net::Accepted peer = net::accept_tcp(listener_.get());
        if (!peer.fd) return;
        sessions_.push_back(std::make_unique<Session>(*this, std::move(peer.fd), ++accepted));
        sessions_.back()->on_io(0);
    }
}

void ScriptedMta::hang_up() {
    for (const auto& session : sessions_)
        session->close(false);
}

void ScriptedMta::go_down() {
    hang_up();
    if (!listener_) return;
    loop_.unwatch(listener_.get());
    listener_.reset();
}

void ScriptedMta::come_up() {
    listen(endpoint_);
}

unsigned ScriptedMta::open() const {
    return static_cast<unsigned>(
        std::ranges::count_if(sessions_, [](const auto& session) { return session->is_open(); }));
}

std::size_t ScriptedMta::count(std::string_view needle) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        seen, [needle](const std::string& line) { return line.find(needle) != std::string::npos; }));
}

}  // namespace sluice::relay
