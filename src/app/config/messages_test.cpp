// Complete messages about wrong configurations, as a stranger reads them: what was found, what is expected,
// and how to write it.
#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "app/config/config.hpp"

namespace sluice::app {
namespace {

/// Leaves out the place; config_test.cpp tests those.
std::string messages_of(std::string_view text) {
    auto config = parse_config(text, "");
    if (config) config = finish_config(*config);
    std::string all;
    if (!config)
        for (const ConfigError& error : config.error())
            all += (all.empty() ? "" : "\n") + error.text;
    return all;
}

struct Mistake {
    std::string_view text;
    std::string_view message;
};

class ConfigMessage : public testing::TestWithParam<Mistake> {};

TEST_P(ConfigMessage, SaysWhatIsExpected) {
    EXPECT_EQ(messages_of(GetParam().text), GetParam().message);
}

const Mistake mistakes[] = {
    // a text in place of another type
    {"workers = '4'", "workers must be an integer, not the string \"4\"; for example workers = 0"},
    {"pace.reply_s = '21s'",
     "pace.reply_s must be an integer, not the string \"21s\"; for example pace.reply_s = 21"},
    {"policy.resolve_names = 'yes'",
     "policy.resolve_names must be true or false, not the string \"yes\"; for example policy.resolve_names = "
     "true"},
    {"user = 7", "user must be a string, not the integer 7; for example user = \"sluice\""},
    {"listen = '0.0.0.0:25'",
     "listen must be a list, not the string \"0.0.0.0:25\"; write listen = [\"0.0.0.0:25\"]"},
    {"dns.servers = '127.0.0.1'",
     "dns.servers must be a list, not the string \"127.0.0.1\"; write dns.servers = [\"127.0.0.1\"]"},
    // words
    {"policy.mode = 'Observe'",
     "policy.mode must be one of \"enforce\", \"observe\", not the string \"Observe\""},
    {"smtp.hostname = 'mx.example.org.'",
     "smtp.hostname must be a host name of letters, digits, \"-\" and dots, without a dot at its end, not "
     "\"mx.example.org.\"; for example smtp.hostname = \"mx.example.org\""},
    // the store; its password is not repeated
    {"store = 'redis'",
     "store must be \"local\", \"off\", \"auto\", or a Redis as redis://:PASSWORD@HOST:PORT: it is none of "
     "these; for example store = \"redis://:password@192.0.2.7:6379\""},
    {"store = 'redis://:secret@host:99999'",
     "store must be \"local\", \"off\", \"auto\", or a Redis as redis://:PASSWORD@HOST:PORT: the port of "
     "\"host:99999\" is not 1 to 65535; for example store = \"redis://:password@192.0.2.7:6379\""},
    // tables
    {"policy.dnsbl = ['zen.spamhaus.org']",
     "policy.dnsbl holds tables, such as { zone = \"zen.spamhaus.org\" }, not the string "
     "\"zen.spamhaus.org\""},
    {"policy.dnsbl = 'zen.spamhaus.org'",
     "policy.dnsbl must be a list, not the string \"zen.spamhaus.org\"; write [[policy.dnsbl]] for each, and "
     "its keys below"},
    {"[policy.dnsbl]\nzone = 'zen.spamhaus.org'",
     "policy.dnsbl must be a list, not a table; write [[policy.dnsbl]], in two brackets, for each"},
    {"policy.bots = ['x']",
     "policy.bots holds tables, such as { name = \"lethic\", after_s = 30 }, not the string \"x\""},
    {"log = '/var/log/sluice'",
     "log is a section with keys of its own (log.format, log.destination), and cannot be the string "
     "\"/var/log/sluice\""},
    {"tls.chain_files = [{ chain = 'c.pem' }]",
     "a certificate needs a chain and a key, as in { chain = \"fullchain.pem\", key = \"privkey.pem\" }"},
    // a top-level key that follows the line of a table
    {"[[policy.dnsbl]]\nzone = 'bl.example.org'\nlog.destination = '/x'",
     "unknown key log: log stands below [[policy.dnsbl]] and belongs to it; write log above the first line "
     "in brackets"},
    {"[relay]\nlisten = ['0.0.0.0:25']",
     "unknown key relay.listen: listen stands below [relay] and belongs to it; write listen above the first "
     "line in brackets"},
    // unknown keys
    {"policy.networks.whitelist = ['10.0.0.0/8']",
     "unknown key policy.networks.whitelist; [policy.networks] has fast, slow, defer, reject, health"},
    {"nonsense = 1", "unknown key nonsense; `sluice check --print-defaults` prints all there are"},
    // addresses
    {"listen = ['*:25']",
     "\"*:25\" is not ADDRESS:PORT, such as \"0.0.0.0:25\" or \"[::]:25\" (an IPv6 address in brackets; "
     "names "
     "are not looked up)"},
    {"relay.mta = ['localhost:25']",
     "\"localhost:25\" is not ADDRESS:PORT, such as \"127.0.0.1:10025\" (an IPv6 address in brackets; names "
     "are not looked up; the port is not 0), or unix:/PATH"},
    {"policy.networks.fast = ['10.1.2.3/8']",
     "\"10.1.2.3/8\" has bits set behind its prefix: the network is \"10.0.0.0/8\""},
    {"policy.networks.fast = ['2001:db8::1/32']",
     "\"2001:db8::1/32\" has bits set behind its prefix: the network is \"2001:db8::/32\""},
    {"policy.networks.fast = ['10.0.0.0/255.0.0.0']",
     "\"10.0.0.0/255.0.0.0\" is not a network, such as \"192.0.2.0/24\", \"2001:db8::/32\" or a single "
     "address"},
    {"policy.networks.fast = ['10.0.0.0/33']",
     "\"10.0.0.0/33\" is not a network, such as \"192.0.2.0/24\", \"2001:db8::/32\" or a single address"},
    {"dns.servers = ['localhost']",
     "\"localhost\" is not ADDRESS or ADDRESS:PORT, such as \"127.0.0.1\" or \"192.0.2.53:5353\"; names are "
     "not looked up"},
    // TOML
    {"state_dir = /var/lib/sluice",
     "Error while parsing value: could not determine value type; a text stands in quotation marks (state_dir "
     "= \"/var/lib/sluice\"), and true and false do not"},
    {"workers = 1\nworkers = 2",
     "Error while parsing key-value pair: cannot redefine existing integer 'workers'; it is there already: a "
     "key, and the line of a section, stand once"},
    {"listen = ['127.0.0.1:25',",
     "Error while parsing array: encountered end-of-file; a bracket or a quotation mark is not closed"},
    // keys that depend on each other
    {"listen = []",
     "listen is empty: name the addresses to listen at, as in listen = [\"0.0.0.0:25\", \"[::]:25\"]"},
    {"store = 'local'", "store needs a state_dir, for its socket, as in state_dir = \"/var/lib/sluice\""},
    {"recipients.verify = 'list'",
     "recipients.verify is \"list\", and recipients.list_file is not set: name the file with an address, or "
     "@domain, a line"},
};

INSTANTIATE_TEST_SUITE_P(Table, ConfigMessage, testing::ValuesIn(mistakes));

}  // namespace
}  // namespace sluice::app
