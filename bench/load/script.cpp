#include "load/script.hpp"

#include <algorithm>
#include <utility>

namespace load {
namespace {

Step greeting() {
    return {.name = "greeting", .octets = "", .replies = {220}};
}
Step ehlo() {
    return {.name = "EHLO", .octets = "EHLO client.bench.test\r\n", .replies = {250}};
}
Step quit() {
    return {.name = "QUIT", .octets = "QUIT\r\n", .replies = {221}};
}

/// Joins several steps into one, as a pipelining client sends them.
Step grouped(std::vector<Step> steps) {
    Step group = std::move(steps.front());
    for (auto step = steps.begin() + 1; step != steps.end(); ++step) {
        if (step->digits_at != std::string::npos) group.digits_at = group.octets.size() + step->digits_at;
        group.octets += step->octets;
        group.replies.insert(group.replies.end(), step->replies.begin(), step->replies.end());
    }
    return group;
}

Step mail(const std::string& parameters) {
    return {.name = "MAIL",
            .octets = "MAIL FROM:<sender@client.bench.test>" + parameters + "\r\n",
            .replies = {250}};
}

Step rcpt(const ClassOptions& options, std::string_view otherwise, std::uint16_t reply) {
    const std::string_view recipient = options.recipient.empty() ? otherwise : options.recipient;
    return {
        .name = "RCPT", .octets = std::string("RCPT TO:<").append(recipient) + ">\r\n", .replies = {reply}};
}

Step refused_rcpt(const ClassOptions& options) {
    Step step = rcpt(options, "unknown@bench.test", 550);
    if (options.random_recipients || options.recipients > 0) {
        const auto at = step.octets.find('@');
        step.digits_at = at == std::string::npos ? step.octets.find('>') : at;
        step.octets.insert(step.digits_at, Script::digits, '0');
    }
    return step;
}

void append(Script& script, std::vector<Step> steps, bool pipelined) {
    if (pipelined) {
        script.steps.push_back(grouped(std::move(steps)));
    } else {
        std::ranges::move(steps, std::back_inserter(script.steps));
    }
}

Script mail_script(const ClassOptions& options) {
    Script script{.steps = {greeting(), ehlo()}};
    script.unit_begin = 2;
    const std::string size = " SIZE=" + std::to_string(options.message_octets);
    append(script,
           {mail(size),
            rcpt(options, "good@bench.test", 250),
            {.name = "DATA", .octets = "DATA\r\n", .replies = {354}}},
           options.pipelined);
    script.steps.push_back(
        {.name = "message", .octets = make_message(options.message_octets) + ".\r\n", .replies = {250}});
    script.unit_end = script.steps.size();
    script.decided_at = script.unit_end - 1;
    script.steps.push_back(quit());
    return script;
}

/// A client that sends so slowly that it tests a server's patience, not its speed.
Script loris_script(const ClassOptions& options) {
    Script script = make_bounce_script(options);
    for (Step& step : script.steps)
        step.trickled = !step.octets.empty();
    return script;
}

Script drip_script(const ClassOptions& options) {
    Script script = mail_script(options);
    script.steps[script.decided_at].trickled = true;
    return script;
}

Script churn_script() {
    return {.steps = {greeting(), quit()}, .unit_begin = 0, .unit_end = 2, .decided_at = 1};
}

Script peek_script(const ClassOptions& options) {
    return {.steps = {greeting()}, .unit_begin = 0, .unit_end = 1, .decided_at = 0, .resets = options.reset};
}

Script rush_script(const ClassOptions& options) {
    return {.steps = {{.name = "connect", .octets = "", .replies = {}}},
            .unit_begin = 0,
            .unit_end = 1,
            .decided_at = 0,
            .only_connects = true,
            .resets = options.reset};
}

Script hold_script(const ClassOptions& options) {
    Script script{.steps = {greeting()}};
    script.unit_begin = 1;
    // A step that awaits a reply that no server ever gives keeps a silent client listening. A dripping client
    // has sent more than has been answered, so that the server always has something to drip, even while the
    // client does not read.
    script.steps.push_back(options.silent ? Step{.name = "silence", .octets = "", .replies = {0}}
                                          : grouped({ehlo(), ehlo(), ehlo(), ehlo()}));
    script.unit_end = 2;
    script.decided_at = 1;
    return script;
}

}  // namespace

Script make_bounce_script(const ClassOptions& options) {
    Script script{.steps = {greeting(), ehlo()}};
    script.unit_begin = 2;
    append(script, {mail(""), refused_rcpt(options)}, options.pipelined);
    script.decided_at = script.steps.size() - 1;
    if (options.persistent > 1)
        script.steps.push_back({.name = "RSET", .octets = "RSET\r\n", .replies = {250}});
    script.unit_end = script.steps.size();
    script.steps.push_back(quit());
    return script;
}

std::string make_message(std::size_t octets) {
    std::string message =
        "From: <sender@client.bench.test>\r\nTo: <good@bench.test>\r\nSubject: a mail of the bench\r\n"
        "Date: Sat, 21 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@client.bench.test>\r\n\r\n";
    static constexpr std::string_view line =
        "The quick brown fox jumps over the lazy dog, and the dog does not mind it.\r\n";
    message.reserve(std::max(octets, message.size()) + line.size());
    while (message.size() + 2 * line.size() <= octets)
        message += line;
    if (message.size() + 2 <= octets) {
        message.append(octets - message.size() - 2, 'x');
        message += "\r\n";
    }
    return message;
}

Script make_script(const ClassOptions& options) {
    switch (options.kind) {
        case Kind::mail:
        case Kind::bot: return mail_script(options);
        case Kind::bounce: return make_bounce_script(options);
        case Kind::churn: return churn_script();
        case Kind::hold: return hold_script(options);
        case Kind::loris: return loris_script(options);
        case Kind::drip: return drip_script(options);
        case Kind::peek: return peek_script(options);
        case Kind::rush: return rush_script(options);
    }
    std::unreachable();
}

}  // namespace load
