#include "app/check/off.hpp"

#include <fmt/format.h>

#include "app/config/key.hpp"

namespace sluice::app {

namespace {

Finding memory_finding(const Config& config) {
    constexpr std::string_view lost =
        "the memory (reputation, rates, short-term blocks, recipients that the MTA knows), the greylist, the "
        "wait for early talkers (policy.pregreet)";
    if (config.state_dir.empty())
        return {Severity::off,
                fmt::format("Set state_dir = \"/var/lib/sluice\": without it these are off: {}, and the "
                            "commands that ask a running Sluice: sluice metrics, reload, upgrade, allow, "
                            "block, forget, acts, greylist, state. Each client is a stranger each time",
                            lost)};
    return {Severity::off,
            fmt::format("Take store = \"off\" out: with it these are off: {}, and sluice allow, block, "
                        "forget, acts, greylist, state. Each client is a stranger each time",
                        lost)};
}

Finding name_finding(const Config& config) {
    const std::string& name = config.front.server.hostname;
    const bool full = name.find('.') != std::string::npos;
    return {full ? Severity::off : Severity::advice,
            fmt::format("Set smtp.hostname = \"mx.example.org\", the name that the MX record of your domain "
                        "has: it is not set, and clients are greeted with this machine's, {}{}",
                        name, full ? "" : ", which no other machine knows")};
}

Finding tls_finding(const PostfixSettings* postfix) {
    const std::string line = postfix == nullptr ? std::string() : chain_files_of(*postfix);
    constexpr std::string_view cost = "mail comes in plaintext, and senders that insist on TLS stay away";
    if (!line.empty())
        return {Severity::advice,
                fmt::format("Set {}: Postfix offers STARTTLS with that certificate, and before it Sluice "
                            "offers none: {}",
                            line, cost)};
    return {Severity::off, fmt::format("Set tls.chain_files to a certificate and its key for STARTTLS, which "
                                       "is not offered without: {}",
                                       cost)};
}

/// The value of a parameter, or of the one that it is a reference to ("$smtpd_tls_cert_file").
std::string value_of(const PostfixSettings& postfix, std::string_view name) {
    std::string value = postfix.parameter(name);
    if (value.starts_with('$')) value = postfix.parameter(std::string_view(value).substr(1));
    return value;
}

/// The entry that strangers reach: the one on port 25, or the one to which postscreen(8) passes them.
const PostfixService* public_service(const PostfixSettings& postfix) {
    if (const PostfixService* passed = postfix.service("smtpd", "pass")) return passed;
    return postfix.service("smtp", "inet");
}

}  // namespace

std::string chain_files_of(const PostfixSettings& postfix) {
    const PostfixService* service = public_service(postfix);
    const std::string level = service != nullptr ? postfix.effective(*service, "smtpd_tls_security_level")
                                                 : postfix.parameter("smtpd_tls_security_level");
    if (level != "may" && level != "encrypt") return {};
    const std::string chains = postfix.parameter("smtpd_tls_chain_files");
    if (!chains.empty()) {
        const std::string first = chains.substr(0, chains.find_first_of(", \t"));
        return fmt::format("tls.chain_files = [{}]", toml_string(first));
    }
    const std::string chain = value_of(postfix, "smtpd_tls_cert_file");
    const std::string key = value_of(postfix, "smtpd_tls_key_file");
    if (chain.empty() || chain == "none" || key.empty()) return {};
    return chain == key ? fmt::format("tls.chain_files = [{}]", toml_string(chain))
                        : fmt::format("tls.chain_files = [{{ chain = {}, key = {} }}]", toml_string(chain),
                                      toml_string(key));
}

Findings what_is_off(const Config& config, bool as_root, const PostfixSettings* postfix) {
    Findings findings;
    if (!config.remembers()) findings.push_back(memory_finding(config));
    if (config.named_by_machine) findings.push_back(name_finding(config));
    if (config.front.tls.certificates.chain_files.empty()) findings.push_back(tls_finding(postfix));
    if (as_root && config.user.empty())
        findings.push_back(
            {Severity::off,
             "Set user = \"sluice\" (adduser --system --group --no-create-home sluice): it is not set, and "
             "the processes that speak to strangers stay root, if without its capabilities"});
    if (config.front.policy.mode == policy::Mode::observe)
        findings.push_back({Severity::off,
                            "Take policy.mode = \"observe\" out when you have seen enough: until then every "
                            "client is fast, and the log says what each would have been (would_be)"});
    return findings;
}

}  // namespace sluice::app
