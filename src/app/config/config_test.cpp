#include "app/config/config.hpp"

#include <unistd.h>

#include <cstdio>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "net/local_socket.hpp"

namespace sluice::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string errors_of(std::string_view text) {
    const auto config = parse_config(text, "f");
    std::string all;
    if (!config)
        for (const ConfigError& error : config.error())
            all += error.to_string() + '\n';
    return all;
}

Config parsed(std::string_view text) {
    auto config = parse_config(text, "f");
    EXPECT_TRUE(config.has_value()) << errors_of(text);
    return config ? *config : Config();
}

TEST(Config, AnEmptyFileIsTheDefaults) {
    const Config config = parsed("");
    EXPECT_EQ(config.listen.size(), 1U);
    EXPECT_EQ(config.listen[0].to_string(), "127.0.0.1:2525");
    ASSERT_EQ(config.relay.upstreams.size(), 1U);
    EXPECT_EQ(config.relay.upstreams[0].address.to_string(), "127.0.0.1:2526");
    EXPECT_EQ(config.front.pace.reply, Seconds{21});
    EXPECT_EQ(config.relay.verify.positive_ttl, Seconds{3600});
    EXPECT_EQ(config.front.sessions_max, front::FrontOptions().sessions_max);
    EXPECT_TRUE(config.needs_resolver()) << "for the signals";
    EXPECT_EQ(config.user, "");
}

TEST(Config, EveryKindOfValueIsRead) {
    const Config config = parsed(R"(
listen = ["0.0.0.0:25", "[::]:25"]
workers = 4
state_dir = "/var/lib/sluice"
user = "sluice"
[relay]
mta = ["127.0.0.1:10025"]
[relay.pool]
idle_max_s = 30
waiting_max = 7
[recipients]
verify = "list"
list_file = "/etc/sluice/recipients"
[smtp]
hostname = "mx.example.org"
bare_newlines = "normalise"
offer = ["PIPELINING", "size"]
[limits]
text_line_octets_max = 0
message_octets_max = 1_000_000
[pace]
reply_s = 5
max_delay_s = 300
[policy]
default_lane = "slow"
resolve_names = true
[policy.thresholds]
reject = 50
[dns]
servers = ["127.0.0.1:5353", "192.0.2.53"]
[log]
format = "pretty"
)");
    EXPECT_EQ(config.listen[1].to_string(), "[::]:25");
    EXPECT_EQ(config.workers, 4U);
    EXPECT_EQ(config.state_dir, "/var/lib/sluice");
    EXPECT_EQ(config.user, "sluice");
    EXPECT_EQ(config.relay.pool.idle_max, Seconds{30});
    EXPECT_EQ(config.relay.pool.waiting_max, 7U);
    EXPECT_EQ(config.relay.verify.by, relay::VerifyBy::list);
    EXPECT_EQ(config.front.server.hostname, "mx.example.org");
    EXPECT_EQ(config.front.server.bare_newlines, smtp::BareNewlines::normalise);
    EXPECT_TRUE(config.front.allowed.has(smtp::Extension::pipelining));
    EXPECT_TRUE(config.front.allowed.has(smtp::Extension::size));
    EXPECT_FALSE(config.front.allowed.has(smtp::Extension::chunking));
    EXPECT_EQ(config.front.server.limits.text_line_octets_max, 0U);
    EXPECT_EQ(config.front.server.limits.message_octets_max, 1'000'000U);
    EXPECT_EQ(config.front.pace.reply, Seconds{5});
    EXPECT_EQ(config.front.pace.delay_max, Seconds{300});
    EXPECT_EQ(config.front.policy.default_lane, policy::Lane::slow);
    EXPECT_TRUE(config.front.policy.resolve_names);
    EXPECT_TRUE(config.needs_resolver());
    EXPECT_EQ(config.front.policy.thresholds.reject, 50);
    EXPECT_THAT(config.resolver.servers, ElementsAre("127.0.0.1:5353", "192.0.2.53"));
    EXPECT_EQ(config.log.format, LogFormat::pretty);
}

TEST(Config, MtasAreStringsOrTables) {
    const Config config = parsed(R"(
[relay]
mta = ["127.0.0.1:10025", { address = "[2001:db8::1]:25", identity = "proxy_v2", pooled = false, priority = 1 }]
)");
    ASSERT_EQ(config.relay.upstreams.size(), 2U);
    EXPECT_EQ(config.relay.upstreams[0].identity, relay::IdentityBy::automatic);
    EXPECT_TRUE(config.relay.upstreams[0].pooled);
    EXPECT_EQ(config.relay.upstreams[1].address.to_string(), "[2001:db8::1]:25");
    EXPECT_EQ(config.relay.upstreams[1].identity, relay::IdentityBy::proxy_v2);
    EXPECT_FALSE(config.relay.upstreams[1].pooled);
    EXPECT_EQ(config.relay.upstreams[1].priority, 1U);

    const Config tables =
        parsed("[[relay.mta]]\naddress = '127.0.0.1:1'\n[[relay.mta]]\naddress = '127.0.0.1:2'\n");
    ASSERT_EQ(tables.relay.upstreams.size(), 2U);
    EXPECT_EQ(tables.relay.upstreams[1].address.tcp.port, 2U);
}

TEST(Config, NetworksAndDnsListsBuildThePolicy) {
    const Config config = parsed(R"(
[policy.networks]
fast = ["192.0.2.0/24"]
slow = ["192.0.2.128/25", "2001:db8::/32"]
[[policy.dnsbl]]
zone = "bl.example.org"
weight = 3
accept = ["127.0.0.2-4"]
[[policy.dnswl]]
zone = "wl.example.org"
)");
    const auto lane = [&](std::string_view address) {
        return config.front.policy.networks.find(IpAddress::parse(address).value())->lane;
    };
    EXPECT_EQ(lane("192.0.2.1"), policy::Lane::fast);
    EXPECT_EQ(lane("192.0.2.200"), policy::Lane::slow);
    EXPECT_EQ(lane("2001:db8::1"), policy::Lane::slow);
    ASSERT_EQ(config.front.policy.dns_lists.size(), 2U);
    EXPECT_EQ(config.front.policy.dns_lists[0].zone, "bl.example.org");
    EXPECT_EQ(config.front.policy.dns_lists[0].weight, 3);
    EXPECT_FALSE(config.front.policy.dns_lists[0].allow);
    EXPECT_EQ(config.front.policy.dns_lists[0].accept.size(), 1U);
    EXPECT_TRUE(config.front.policy.dns_lists[1].allow);
    EXPECT_TRUE(config.needs_resolver());
}

/// The weight that a configured list gives to one answer; 0 = none.
int weight_told(const policy::DnsListOptions& list, std::string_view answer) {
    const IpAddress answers[] = {IpAddress::parse(answer).value()};
    const auto opinion = policy::interpret(list, answers);
    return opinion.signals.empty() ? 0 : opinion.signals.front().weight;
}

TEST(Config, CodesOfADnsListHaveWeightsOfTheirOwn) {
    const Config config = parsed(R"(
[[policy.dnsbl]]
zone = "bl.example.org"
codes = { "127.0.0.10-12" = 10, "127.0.0.18-20" = -5, "127.0.*.77" = 0 }
[[policy.dnswl]]
zone = "wl.example.org"
codes = { "127.0.0.2" = 3, "127.0.0.3" = -4 }
[[policy.dnsbl]]
zone = "rep.mailspike.net"
[[policy.dnswl]]
zone = "list.dnswl.org"
weight = 7
)");
    const auto& lists = config.front.policy.dns_lists;  // dnsbl before dnswl
    ASSERT_EQ(lists.size(), 4U);
    EXPECT_EQ(weight_told(lists[0], "127.0.0.11"), 10);
    EXPECT_EQ(weight_told(lists[0], "127.0.0.18"), -5);
    EXPECT_EQ(weight_told(lists[0], "127.0.0.13"), 0);
    EXPECT_EQ(weight_told(lists[2], "127.0.0.2"), -3);
    EXPECT_EQ(weight_told(lists[2], "127.0.0.3"), 4);
    EXPECT_EQ(weight_told(lists[2], "127.0.0.4"), 0);
    EXPECT_EQ(weight_told(lists[1], "127.0.0.18"), -5);
    EXPECT_EQ(weight_told(lists[3], "127.0.0.0"), -7);
    EXPECT_EQ(weight_told(lists[3], "127.0.0.255"), 0);
}

TEST(Config, AWeightOfACodeHasBounds) {
    const auto list = [](std::int64_t weight) {
        return fmt::format("[[policy.dnsbl]]\nzone = 'bl.example.org'\ncodes = {{ '127.0.0.2' = {} }}",
                           weight);
    };
    for (const int most : {1'000'000, -1'000'000}) {  // weight_max
        EXPECT_EQ(weight_told(parsed(list(most)).front.policy.dns_lists.at(0), "127.0.0.2"), most);
        EXPECT_THAT(errors_of(list(most + (most > 0 ? 1 : -1))),
                    HasSubstr("the weight of \"127.0.0.2\" must be an integer, -1000000..1000000"));
    }
}

TEST(Config, AWrongTextIsQuotedUnlessItIsLong) {
    const std::string most(60, 'x');  // text_max
    EXPECT_THAT(errors_of("workers = '" + most + "'"), HasSubstr("not the string \"" + most + "\""));
    EXPECT_THAT(errors_of("workers = 'x" + most + "'"),
                testing::AllOf(HasSubstr("not a string"), Not(HasSubstr(most))));
}

std::string codes_of_number(std::size_t number) {
    std::string text = "[[policy.dnsbl]]\nzone = 'bl.example.org'\n[policy.dnsbl.codes]\n";
    for (std::size_t i = 0; i < number; ++i)
        text += fmt::format("'127.0.1.{}' = 1\n", i);
    return text;
}

TEST(Config, CodesOfADnsListAreBounded) {
    constexpr std::size_t most = policy::DnsListOptions::codes_max;
    EXPECT_EQ(errors_of(codes_of_number(most)), "");
    EXPECT_THAT(errors_of(codes_of_number(most + 1)), HasSubstr("codes has more than 64 entries"));
}

TEST(Config, SignalsAreWeighedByName) {
    const Config defaults;
    const Config config = parsed(R"(
[policy]
mode = "observe"
observe_signals = ["dynamic_name", "dnsbl"]
trap_recipients = ["trap@example.org", "@old.example"]
null_sender_recipients = 5
pregreet.wait_ms = 2000
[policy.signals]
no_ptr = 7
helo_literal = -1
[[policy.bots]]
name = "lethic"
after_s = 30
)");
    using enum policy::SignalId;
    const auto& signals = config.front.policy.signals;
    EXPECT_EQ(signals.weight(no_ptr), 7);
    EXPECT_EQ(signals.weight(helo_literal), -1);
    EXPECT_EQ(signals.weight(pregreet), defaults.front.policy.signals.weight(pregreet));
    EXPECT_TRUE(signals.observed(dynamic_name) && signals.observed(dnsbl));
    EXPECT_FALSE(signals.observed(no_ptr));
    EXPECT_EQ(config.front.policy.mode, policy::Mode::observe);
    EXPECT_TRUE(config.front.policy.trap_recipients.contains("trap@example.org"));
    EXPECT_TRUE(config.front.policy.trap_recipients.contains("anybody@old.example"));
    EXPECT_EQ(config.front.policy.pregreet_wait, Millis{2000});
    ASSERT_EQ(config.front.policy.bots.size(), 1U) << "a list replaces the default";
    EXPECT_EQ(config.front.policy.bots[0].name, "lethic");
    EXPECT_EQ(config.front.policy.bots[0].tolerance, Seconds{1});

    EXPECT_TRUE(defaults.needs_resolver());
    const Config quiet = parsed(
        "policy.resolve_names = false\n"
        "policy.signals = { no_ptr = 0, ptr_unconfirmed = 0, dynamic_name = 0, helo_unresolvable = 0 }");
    EXPECT_FALSE(quiet.needs_resolver());
}

struct BadInput {
    const char* text;
    const char* error;
};

TEST(BadConfigText, ErrorIsOneLineWhateverTheParserStumbledOver) {
    const auto config = parse_config("workers = 1\n[relay.mta\nx]", "f");
    ASSERT_FALSE(config);
    ASSERT_EQ(config.error().size(), 1U);
    EXPECT_EQ(config.error().front().text.find('\n'), std::string::npos) << config.error().front().text;
}

class BadConfig : public testing::TestWithParam<BadInput> {};

TEST_P(BadConfig, IsRefusedWithItsPlaceAndReason) {
    EXPECT_THAT(errors_of(GetParam().text), HasSubstr(GetParam().error));
}

const BadInput bad_inputs[] = {
    // syntax
    {"workers = \n", "f:1:11: "},
    {"workers = 1\nworkers = 2\n", "f:2:"},
    // names
    {"worker = 1", "f:1:1: unknown key worker; did you mean workers?"},
    {"[pace]\nreplys_s = 5", "f:2:1: unknown key pace.replys_s; did you mean pace.reply_s?"},
    {"[policy]\nsilence_max_s = 3",
     "f:2:1: unknown key policy.silence_max_s; did you mean pace.silence_max_s?"},
    // former keys
    {"[pace]\nout_bytes_per_s = 5",
     "f:2:1: pace.out_bytes_per_s is no key any more: a reply is stretched to pace.reply_s"},
    {"[pace]\nin_bytes_per_s = 5", "pace.in_bytes_per_s is no key any more: commands are read at once"},
    {"[pace]\ninterval_ms = 5", "pace.interval_ms is no key any more: "},
    {"[pace]\nexchange_max_s = 5", "pace.exchange_max_s is no key any more: "},
    {"[nonsense_altogether]\nx = 1",
     "f:1:2: unknown key nonsense_altogether; `sluice check --print-defaults` prints all there are\n"},
    {"pace = 5", "f:1:8: pace is a section with keys of its own (pace.reply_s, "},
    {"[[relay.mta]]\naddress = '127.0.0.1:1'\npool = true", "f:3:1: unknown key pool; did you mean pooled?"},
    // types
    {"workers = 'two'",
     "f:1:11: workers must be an integer, not the string \"two\"; for example workers = 0"},
    {"workers = 2.5", "f:1:11: workers must be an integer, not a floating-point number"},
    {"listen = '127.0.0.1:25'",
     "f:1:10: listen must be a list, not the string \"127.0.0.1:25\"; write listen = [\"127.0.0.1:25\"]"},
    {"listen = [25]", "f:1:11: expected \"ADDRESS:PORT\", such as \"0.0.0.0:25\", not the integer 25"},
    {"[policy]\nresolve_names = 'yes'",
     "f:2:17: policy.resolve_names must be true or false, not the string \"yes\"; for example "
     "policy.resolve_names = true"},
    {"state_dir = 1",
     "f:1:13: state_dir must be a string, not the integer 1; for example state_dir = \"/var/lib/sluice\""},
    {"[log]\nformat = 1", "f:2:10: log.format must be one of \"json\", \"pretty\""},
    {"[policy]\ndnsbl = ['x']",
     "f:2:10: policy.dnsbl holds tables, such as { zone = \"x\" }, not the string \"x\""},
    // bounds
    {"workers = 1025", "f:1:11: workers must be 0..1024"},
    {"workers = -1", "f:1:11: workers must be 0..1024"},
    {"[pace]\nreply_s = 0",
     "f:2:11: pace.reply_s must be 1..25, not 0: Haraka, nodemailer and swaks give up after 30 s"},
    {"[pace]\nreply_s = 26", "pace.reply_s must be 1..25"},
    {"[pace]\nsilence_max_s = 5",
     "f:2:17: pace.silence_max_s must be 1..4, not 5: emailjs gives up after 5 s"},
    {"[pace]\ncontent_in_bytes_per_s = 109",
     "f:2:26: pace.content_in_bytes_per_s must be 110..1000000, not 109: a client gives up after 3 minutes"},
    {"[limits]\ntext_line_octets_max = 999", "limits.text_line_octets_max must be 0, or 1000..1073741824"},
    {"[limits]\nrecipients_max = 99",
     "limits.recipients_max must be 100..100000, not 99: RFC 5321 4.5.3.1.8"},
    {"[relay.pool]\nfinal_timeout_s = 600",
     "relay.pool.final_timeout_s must be 1..590, not 600: a client waits 10 minutes"},
    // words and addresses
    {"[recipients]\nverify = 'maybe'", "f:2:10: recipients.verify must be one of \"mta\", \"list\", \"off\""},
    {"listen = ['localhost:25']", "f:1:11: \"localhost:25\" is not ADDRESS:PORT"},
    {"listen = ['::1:25']", "is not ADDRESS:PORT"},
    {"listen = ['127.0.0.1:25', '127.0.0.1:25']", "f:1:27: 127.0.0.1:25 is listed twice"},
    {"[relay]\nmta = ['127.0.0.1:0']", "f:2:8: \"127.0.0.1:0\" is not ADDRESS:PORT"},
    {"[relay]\nmta = ['127.0.0.1:1', {address='127.0.0.1:1'}]", "127.0.0.1:1 is listed twice"},
    {"[[relay.mta]]\npriority = 1", "f:1:1: an MTA needs an address"},
    {"[[relay.mta]]\naddress = 'mail'", "f:2:11: address must be ADDRESS:PORT"},
    {"[smtp]\nhostname = 'a b'", "f:2:12: smtp.hostname must be a host name"},
    {"[smtp]\noffer = ['XCLIENT']", "f:2:10: \"XCLIENT\" cannot be offered; what can is PIPELINING"},
    {"[smtp]\noffer = ['FOO']", "f:2:10: \"FOO\" cannot be offered"},
    {"[dns]\nservers = ['dns.example']", "f:2:12: \"dns.example\" is not ADDRESS or ADDRESS:PORT"},
    // policy
    {"[policy.networks]\nfast = ['192.0.2.1/24']",
     "f:2:9: \"192.0.2.1/24\" has bits set behind its prefix: the network is \"192.0.2.0/24\""},
    {"[policy.networks]\nfast = ['192.0.2.0/24']\nslow = ['10.0.0.0/8', '192.0.2.0/24']",
     "f:3:23: 192.0.2.0/24 is on two lists: policy.networks.slow here, and policy.networks.fast at 2:9"},
    {"[policy.networks]\nslow = ['192.0.2.0/24']\nfast = ['192.0.2.0/24']",
     "f:3:9: 192.0.2.0/24 is on two lists: policy.networks.fast here, and policy.networks.slow at 2:9"},
    {"[policy.signals]\nno_prt = 1", "f:2:1: unknown key policy.signals.no_prt; did you mean "},
    {"[policy.signals]\ndnsbl = 1", "f:2:1: unknown key policy.signals.dnsbl"},
    {"[policy.signals]\nno_ptr = 1.5", "f:2:10: policy.signals.no_ptr must be an integer"},
    {"[policy.signals]\nno_ptr = -1000001", "f:2:10: policy.signals.no_ptr must be -1000000..1000000"},
    {"[policy]\nobserve_signals = ['no_prt']", "f:2:20: unknown signal no_prt; did you mean no_ptr?"},
    {"[policy]\nobserve_signals = ['weather']", "f:2:20: unknown signal weather\n"},
    {"[policy]\nmode = 'off'", "f:2:8: policy.mode must be one of \"enforce\", \"observe\""},
    {"[policy]\nnull_sender_recipients = 1", "policy.null_sender_recipients must be 2..1000000"},
    {"[policy]\npregreet.wait_ms = 99", "policy.pregreet.wait_ms must be 0, or 100..30000"},
    {"[policy]\ntrap_recipients = ['trap']", "f:2:20: \"trap\" is neither an address nor @DOMAIN"},
    {"[[policy.bots]]\nname = 'x'", "f:1:1: a bot needs a name and after_s"},
    {"[[policy.bots]]\nname = ''\nafter_s = 0", "after_s must be 1..86400"},
    {"[[policy.dnsbl]]\nweight = 1", "f:1:1: a DNS list needs a zone"},
    {"[[policy.dnsbl]]\nzone = 'bl.example.org.'", "f:2:8: zone must be a DNS zone"},
    {"[[policy.dnsbl]]\nzone = 'bl.example.org'\naccept = ['128.0.0.1']",
     "f:3:11: \"128.0.0.1\" is not a return code"},
    {"[[policy.dnsbl]]\nzone = 'bl.example.org'\ncodes = 1",
     "f:3:9: codes must be a table, not the integer 1"},
    {"[[policy.dnsbl]]\nzone = 'bl.example.org'\ncodes = { '127.0.0' = 1 }",
     "f:3:11: \"127.0.0\" is not a return code such as"},
    {"[[policy.dnsbl]]\nzone = 'bl.example.org'\ncodes = { '127.0.0.2' = 'x' }",
     "f:3:25: the weight of \"127.0.0.2\" must be an integer, -1000000..1000000"},
    {"[[policy.dnsbl]]\nzone = 'bl.example.org'\ncodes = { '127.0.0.2' = 1000001 }",
     "f:3:25: the weight of \"127.0.0.2\" must be an integer"},
    {"[[policy.dnsbl]]\nzone = 'bl.example.org'\n[policy.dnsbl.codes]\n'127.0.0.9' = 5\n'127.0.0.2-10' = 5",
     "f:5:1: \"127.0.0.2-10\" overlaps with \"127.0.0.9\""},
    {"[[policy.dnsbl]]\nzone = 'bl.example.org'\n[policy.dnsbl.codes]\n'127.0.*.2' = 5\n'127.0.7.1-3' = 5",
     "f:5:1: \"127.0.7.1-3\" overlaps with \"127.0.*.2\""},
    {"[[policy.dnsbl]]\nzone = 'bl.example.org'\nweight = 3\ncodes = { '127.0.0.2' = 5 }",
     "f:4:9: codes stands in place of weight and accept"},
    {"[[policy.dnsbl]]\nzone = 'bl.example.org'\naccept = ['127.0.0.2']\ncodes = { '127.0.0.2' = 5 }",
     "f:4:9: codes stands in place of weight and accept"},
    {"[policy.networks]\nhealth = ['192.0.2.1/24']",
     "f:2:11: \"192.0.2.1/24\" has bits set behind its prefix: the network is \"192.0.2.0/24\""},
    {"[proxy_protocol]\ncheck_after_ms = 99", "proxy_protocol.check_after_ms must be 0, or 100..60000"},
};
INSTANTIATE_TEST_SUITE_P(Table, BadConfig, testing::ValuesIn(bad_inputs));

TEST(Config, AllErrorsAreReportedInTheOrderOfTheText) {
    EXPECT_EQ(
        errors_of("[smtp]\nhostname = ' '\n[log]\nformat = 'xml'\n[limits]\nerrors_max = 0\n"),
        "f:2:12: smtp.hostname must be a host name of letters, digits, \"-\" and dots, without a dot at its "
        "end, not \" \"; for example smtp.hostname = \"mx.example.org\"\n"
        "f:4:10: log.format must be one of \"json\", \"pretty\", not the string \"xml\"\n"
        "f:6:14: limits.errors_max must be 1..1000000, not 0\n");
}

TEST(Config, AFileThatCannotBeReadIsAnErrorWithItsName) {
    const auto missing = load_config("/nonexistent/sluice.toml");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error()[0].to_string(),
              "/nonexistent/sluice.toml: cannot be read: No such file or directory");
    const auto directory = load_config("/");
    ASSERT_FALSE(directory);
    EXPECT_EQ(directory.error()[0].to_string(), "/: cannot be read: Is a directory");
}

std::string broken_rule(std::string_view text) {
    const auto config = finish_config(parsed(text));
    return config ? "" : config.error()[0].to_string();
}

TEST(Config, RulesThatSpanKeys) {
    EXPECT_THAT(broken_rule("listen = []"), HasSubstr("listen is empty"));
    EXPECT_THAT(broken_rule("[relay]\nmta = []"), HasSubstr("relay.mta is empty"));
    EXPECT_THAT(broken_rule("[relay.pool]\nconnections_min = 5\nconnections_max = 4"),
                HasSubstr("(5) is above"));
    EXPECT_EQ(broken_rule("[relay.pool]\nconnections_min = 4\nconnections_max = 4"), "");
    const std::string place =
        "/" + std::string(net::local_path_octets_max - 1 - std::string("/store").size(), 's');
    EXPECT_EQ(broken_rule("store = 'local'\nstate_dir = '" + place + "'"), "");
    EXPECT_THAT(broken_rule("store = 'local'\nstate_dir = '" + place + "s'"),
                HasSubstr("is too long for a socket, of which a path has at most 107 octets"));
    EXPECT_THAT(broken_rule("[recipients]\nverify = 'list'"), HasSubstr("recipients.list_file is not set"));
}

TEST(Config, AnMtaThatIsSluiceItselfWouldLoop) {
    EXPECT_THAT(broken_rule("[relay]\nmta = ['127.0.0.1:2525']"), HasSubstr("Sluice itself listens"));
    EXPECT_THAT(broken_rule("listen = ['0.0.0.0:25']\n[relay]\nmta = ['127.0.0.1:25']"),
                HasSubstr("Sluice itself listens"));
    EXPECT_EQ(broken_rule("listen = ['192.0.2.1:25']\n[relay]\nmta = ['127.0.0.1:25']"), "");
}

TEST(Config, FinishingFillsInWhatFollows) {
    const auto config = finish_config(
        parsed("state_dir = '/s'\n[smtp]\noffer = ['SIZE']\n[limits]\nmessage_octets_max = 70000\n"));
    ASSERT_TRUE(config);
    EXPECT_FALSE(config->front.server.hostname.empty());
    EXPECT_EQ(config->relay.hostname, config->front.server.hostname);
    EXPECT_EQ(config->front.spool.directory, "/s/spool");
    EXPECT_EQ(config->relay.allowed, config->front.allowed);
    EXPECT_EQ(config->relay.allowed.size_max(), 70'000U);

    const auto given = finish_config(parsed("[smtp]\nhostname = 'mx'\n[spool]\ndirectory = '/d'\n"));
    ASSERT_TRUE(given);
    EXPECT_EQ(given->relay.hostname, "mx");
    EXPECT_EQ(given->front.spool.directory, "/d");
}

}  // namespace
}  // namespace sluice::app
