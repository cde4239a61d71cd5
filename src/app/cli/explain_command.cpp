// `sluice explain`: prints the result of app/inspect/explain.hpp.
#include <chrono>
#include <cstdio>
#include <fmt/format.h>

#include "app/cli/store_commands.hpp"
#include "app/config/find_config.hpp"
#include "app/inspect/explain.hpp"
#include "app/inspect/store_session.hpp"
#include "app/process/duration.hpp"
#include "app/process/exit_codes.hpp"
#include "base/log_line.hpp"
#include "base/shown_text.hpp"

namespace sluice::app {

namespace {

std::string threshold_text(std::string_view lane, int score) {
    return score == 0 ? fmt::format("{} never", lane) : fmt::format("{} from {}", lane, score);
}

void print_word(const Word& word) {
    std::string times;
    if (word.age) times += fmt::format(", {} ago", duration_text(*word.age));
    if (word.left) times += fmt::format(", {} left", duration_text(*word.left));
    fmt::print("decided    {} by {}{}\n", word.network, shown(word.source), times);
}

void print_text(const Config& config, const Presented& presented, const Explanation& found) {
    const policy::Thresholds& at = config.front.policy.thresholds;
    fmt::print("client     {}{}{}{}{}\n", presented.client.to_string(), found.name.empty() ? "" : ", ",
               shown(found.name), presented.helo.empty() ? "" : ", as ", shown(presented.helo));
    const std::string asn = asn_name(found.place), country = country_name(found.place);
    if (found.place != policy::Place{})
        fmt::print("place      {}{}{}\n", asn, asn.empty() || country.empty() ? "" : ", ", country);
    fmt::print("lane       {}\n", name_of(found.verdict.lane));
    if (found.word) print_word(*found.word);
    fmt::print("score      {}\n", found.verdict.score);
    fmt::print("thresholds {}, {}, {}, {}; else {}\n", threshold_text("reject", at.reject),
               threshold_text("defer", at.defer), threshold_text("slow", at.slow),
               threshold_text("fast", -at.fast), name_of(config.front.policy.default_lane));
    for (const Noticed& noticed : found.signals)
        fmt::print("signal     {:<18} {:>4}  {}{}{}  ({}{}{})\n", noticed.signal.name, noticed.signal.weight,
                   shown(noticed.signal.what), noticed.signal.what.empty() ? "" : " ",
                   shown(noticed.signal.value), noticed.source,
                   noticed.age ? ", age " + duration_text(*noticed.age) : "",
                   noticed.signal.counted ? "" : ", only observed");
    if (found.signals.empty()) fmt::print("signal     none\n");
    for (const Remembered& known : found.evidence)
        fmt::print("evidence   {:<18} good {:.2f}, bad {:.2f}, age {}\n", known.whose, known.evidence.good,
                   known.evidence.bad, duration_text(known.age));
    for (const std::string& remark : found.remarks)
        fmt::print("remark     {}\n", shown(remark));
}

void write_word(LogLine& line, const Word& word) {
    line.open_object("decided").text("network", word.network).text("source", word.source);
    if (word.age) line.number("age_s", word.age->count());
    if (word.left) line.number("left_s", word.left->count());
    line.close();
}

void write_signals(LogLine& line, const std::vector<Noticed>& signals) {
    line.open_list("signals");
    for (const Noticed& noticed : signals) {
        line.open_object("").text("signal", noticed.signal.name);
        if (!noticed.signal.what.empty()) line.text("what", noticed.signal.what);
        if (!noticed.signal.value.empty()) line.text("value", noticed.signal.value);
        line.number("weight", noticed.signal.weight).text("source", noticed.source);
        if (noticed.age) line.number("age_s", noticed.age->count());
        if (!noticed.signal.counted) line.boolean("observed", true);
        line.close();
    }
    line.close();
}

void write_evidence(LogLine& line, const std::vector<Remembered>& evidence) {
    line.open_list("evidence");
    for (const Remembered& known : evidence) {
        line.open_object("").text("of", known.whose).real("good", known.evidence.good);
        line.real("bad", known.evidence.bad).number("age_s", known.age.count()).close();
    }
    line.close();
}

std::string json_text(const Config& config, const Presented& presented, const Explanation& found) {
    std::string text;
    LogLine line(LogFormat::json, text, std::chrono::system_clock::now(), "explain");
    line.text("client", presented.client.to_string());
    if (!found.name.empty()) line.text("name", found.name);
    if (!presented.helo.empty()) line.text("helo", presented.helo);
    if (found.place.asn != 0) line.number("asn", found.place.asn);
    if (found.place.knows_country()) line.text("country", country_name(found.place));
    line.text("lane", name_of(found.verdict.lane)).number("score", found.verdict.score);
    if (found.word) write_word(line, *found.word);
    const policy::Thresholds& at = config.front.policy.thresholds;
    line.open_object("thresholds")
        .number("fast", at.fast)
        .number("slow", at.slow)
        .number("defer", at.defer)
        .number("reject", at.reject)
        .close();
    line.text("default_lane", name_of(config.front.policy.default_lane));
    write_signals(line, found.signals);
    write_evidence(line, found.evidence);
    line.open_list("remarks");
    for (const std::string& remark : found.remarks)
        line.text("", remark);
    line.close().finish();
    return text;
}

std::string by_defaults(const RunFlags& flags) {
    return fmt::format(
        "there is no configuration: this is what Sluice does by default{}; --config FILE names one ({} "
        "is absent)",
        flags.state_dir ? "" : ", with nothing remembered", default_config);
}

}  // namespace

int explain(const ExplainFlags& flags) {
    const RunFlags run = find_running(flags.run);
    const auto config = config_or_errors(run);
    const auto client = IpAddress::parse(flags.address);
    if (!config || !client) return exit_usage;
    Presented presented{.client = *client,
                        .helo = flags.helo,
                        .sender = flags.sender,
                        .recipients = flags.recipients,
                        .shown = {}};
    if (presented.sender == "<>") presented.sender->clear();
    for (const std::string& name : flags.shown)
        if (const auto signal = policy::signal_named(name)) presented.shown.push_back(*signal);
    Explanation found = explain_client(*config, ConfigLines(run.config), presented);
    if (run.config.empty()) found.remarks.insert(found.remarks.begin(), by_defaults(run));
    if (flags.json)
        fmt::print("{}", json_text(*config, presented, found));
    else
        print_text(*config, presented, found);
    return exit_ok;
}

}  // namespace sluice::app
