#include "app/postfix/postconf_commands.hpp"

#include <fmt/format.h>
#include <string_view>

#include "app/process/shell_word.hpp"

namespace sluice::app {

namespace {

/// `postconf` or `postfix` with the option for this directory.
std::string program(std::string_view name, const std::string& directory) {
    if (directory.empty()) return std::string(name);
    return fmt::format("{} -c {}", name, shell_word(directory));
}

/// "name/type=entry" for `postconf -M`: one shell word that spans several lines.
std::string entry_word(const PostfixService& entry) {
    std::string text = shell_word(fmt::format("{}={} {} n - {} - {} {}", entry.label(), entry.name,
                                              entry.type, entry.chroot, entry.processes, entry.command));
    for (const PostfixOption& option : entry.options)
        text += "\\\n" + shell_word(" " + option.to_string());
    return text;
}

/// Removes entries with another name for the same place, which would collide with the new one.
std::string remove_former(const PrivateListener& listener, const std::string& postconf) {
    std::string text;
    for (const std::string& label : listener.former)
        if (label != listener.smtpd.label() && label != listener.cleanup.label())
            text += fmt::format("{} -MX {}\n", postconf, shell_word(label));
    return text;
}

std::string handover(const PrivateListener& listener, const std::string& postconf,
                     const std::string& reload) {
    const std::string take = take_port_25(listener, postconf);
    if (take.empty()) return {};
    return fmt::format(
        "# When `sluice check` finds nothing wrong, take port 25 from Postfix, and start Sluice:\n"
        "#   {} && {}\n",
        take, reload);
}

std::string undo(const PrivateListener& listener, const std::string& postconf, const std::string& reload) {
    const std::string give_back = give_port_25_back(listener, postconf);
    return fmt::format("# To undo it, when Sluice has been stopped:\n#   {}{}{} -MX {} {} && {}\n", give_back,
                       give_back.empty() ? "" : " && ", postconf, shell_word(listener.smtpd.label()),
                       shell_word(listener.cleanup.label()), reload);
}

}  // namespace

std::string postconf_commands(const PrivateListener& listener, const std::string& directory) {
    const std::string postconf = program("postconf", directory);
    const std::string reload = program("postfix", directory) + " reload";
    std::string text = fmt::format("# For sh, as root: {} becomes Sluice's listener. May be run twice.\n",
                                   listener.smtpd.label());
    for (const std::string& remark : listener.remarks)
        text += fmt::format("# {}\n", remark);
    text += "set -e\n";
    // If the last line had no newline, postconf(1) would append to it.
    text += fmt::format(
        "master_cf=$({} -h config_directory)/master.cf\n"
        "[ -z \"$(tail -c 1 \"$master_cf\")\" ] || echo >> \"$master_cf\"\n",
        postconf);
    text += remove_former(listener, postconf);
    text += fmt::format("{} -M {} \\\n{}\n{}\n", postconf, entry_word(listener.smtpd),
                        entry_word(listener.cleanup), reload);
    return text + handover(listener, postconf, reload) + undo(listener, postconf, reload);
}

}  // namespace sluice::app
