// Reload and upgrade: how one crew replaces another.
#include <exception>
#include <fmt/format.h>
#include <new>
#include <utility>

#include "app/process/exit_codes.hpp"
#include "app/process/start_error.hpp"
#include "app/process/systemd.hpp"
#include "app/supervisor/supervisor.hpp"
#include "app/worker/worker.hpp"

namespace sluice::app {

namespace {

constexpr Seconds change_time_max{60};

/// The time by which a retired crew has ended: each of its sessions is bounded.
Instant last_session_by(Instant now, const Config& config) {
    return now + config.front.session_time_max + config.front.drain_max + end_grace;
}

}  // namespace

void Supervisor::reload(const Answer& answer) {
    const std::vector<std::string> errors = try_reload(answer);
    if (errors.empty()) return;  // the change is under way; its outcome is answered later
    for (const std::string& error : errors)
        events().event("reload_refused", {{"why", std::string_view(error)}});
    answer(answer_of(errors));
}

/// Returns what is wrong at once; empty when the change is under way.
std::vector<std::string> Supervisor::try_reload(const Answer& answer) {
    if (busy()) return {"Sluice is changing already, or ending"};
    try {
        ConfigResult<Config> config = configure(flags_);
        if (!config) {
            std::vector<std::string> errors;
            for (const ConfigError& error : config.error())
                errors.push_back(error.to_string());
            return errors;
        }
        if (config->state_dir != crew_->generation()->config.state_dir)
            return {"state_dir cannot change while Sluice runs"};
        auto registers = load_registers(*config);
        begin(make_generation(std::move(*config), std::move(registers), crew_->generation().get()),
              "reloaded", answer);
        return {};
    } catch (const std::exception& error) {  // any error leaves the present generation in place
        return {error.what()};
    }
}

/// A certificate file that cannot be used (half written, say) is logged once, and not tried again until it
/// changes.
void Supervisor::renew_certificates() {
    const Generation& now = *crew_->generation();
    if (!now.certificates) return;
    std::string version = version_of(now.config.front.tls.certificates);
    if (version == certificates_seen_) return;
    certificates_seen_ = std::move(version);
    try {
        // Keep the registers as they are: a register file that is half written must not block a certificate.
        begin(make_generation(now.config, now.registers, &now), "certificates_read", [](const auto&) {});
    } catch (const std::exception& error) {
        events().event("certificates_unusable", {{"why", std::string_view(error.what())}});
    }
}

/// Throws when a new address cannot be listened at, or there is no memory for a crew; the present crew and
/// the store are as they were then. Where memory runs out only when the new crew is started, the change is
/// given up, and its answer says so.
void Supervisor::begin(std::shared_ptr<const Generation> next, std::string_view event, Answer answer) {
    // close_later() would overwrite closing_: sockets of an earlier change are closed first, their queues
    // served.
    close_now();
    std::vector<Door> doors = next->config.doors();
    Listeners listeners(crew_->listeners(), doors, next->workers(), next->config.listening);
    auto change = std::make_unique<Change>();
    change->crew = std::make_unique<Crew>(loop_, pages_, std::move(next), std::move(listeners),
                                          [this] { review_later(); });
    change->event = event;
    change->answer = std::move(answer);
    change->give_up_at = loop_.now() + change_time_max;
    notify_service_manager(
        fmt::format("RELOADING=1\nMONOTONIC_USEC={}", loop_.now().time_since_epoch().count() * 1000));
    // Only now, with its crew: whoever walks over the crews relies on one in each change.
    change_ = std::move(change);
    try {
        start_change();
    } catch (const std::bad_alloc&) {
        // review() gives it up as one whose workers do not start: some of them may run.
        change_->give_up_at = loop_.now();
    }
}

/// Starts the processes of the change.
void Supervisor::start_change() {
    // The store process comes first: the new workers should find it when they start.
    if (change_->crew->generation()->config.remembers() && (!store_ || store_->ending())) {
        // Its seat stays until the process has ended, and kills one that does not.
        if (store_ && !store_->ended()) leaving_stores_.push_back(std::move(store_));
        store_.reset();
        open_store(change_->crew->generation());
    }
    change_->crew->start();
}

/// All of the new crew serves. Only now does the old one stop accepting, so that no client meets a closed
/// port.
void Supervisor::finish_change() {
    const std::unique_ptr<Change> change = std::move(change_);
    close_later(crew_->listeners().without(change->crew->listeners()));
    retire(std::exchange(crew_, std::move(change->crew)));
    change_store();
    const Generation& now = *crew_->generation();
    certificates_seen_ = now.certificates ? now.certificates->version : std::string();
    events().event(change->event,
                   {{"generation", std::int64_t{now.number}}, {"workers", std::int64_t{now.workers()}}});
    notify_service_manager("READY=1");
    change->answer(answer_of({}));
}

void Supervisor::change_store() {
    const bool wanted = crew_->generation()->config.remembers();
    if (!wanted && store_) return store_->end();
    if (wanted && store_) store_->follow(crew_->generation());
}

/// The present crew has accepted all the while: only sockets that the failed crew added are closed.
void Supervisor::give_up_change() {
    const std::unique_ptr<Change> change = std::move(change_);
    close_later(change->crew->listeners().without(crew_->listeners()));
    retire(std::move(change->crew));
    // begin() may have opened it for the failed crew alone.
    if (store_ && !crew_->generation()->config.remembers()) store_->end();
    constexpr std::string_view why = "a worker cannot start with it; the log says why";
    events().event("reload_refused", {{"why", why}});
    notify_service_manager("READY=1");
    change->answer(answer_of({std::string(why)}));
}

void Supervisor::retire(std::unique_ptr<Crew> crew) {
    crew->retire(last_session_by(loop_.now(), crew->generation()->config));
    retired_.push_back(std::move(crew));
    if (retired_.size() <= retired_max) return;
    Crew& oldest = *retired_.front();
    oldest.drain(loop_.now() + oldest.generation()->config.front.drain_max + end_grace);
}

/// A plain close() would reset the clients in the accept queue. Newcomers are turned away first; close_now()
/// then hands the queue to a worker.
void Supervisor::close_later(std::vector<ListeningSocket> sockets) {
    if (sockets.empty()) return;
    for (const ListeningSocket& socket : sockets)
        turn_newcomers_away(socket->fd.get());
    closing_ = std::move(sockets);
    loop_.arm(close_, newcomers_away_for);
}

void Supervisor::close_now() {
    unsigned number = 0;
    for (const ListeningSocket& socket : closing_)
        crew_->take_queue(number++, socket);
    closing_.clear();
}

void Supervisor::upgrade(const Answer& answer) {
    if (busy()) return answer(answer_of({"Sluice is changing already, or ending"}));
    // Our workers take the queues of closing sockets now: after the hand-over they accept nobody.
    close_now();
    try {
        successor_ = std::make_unique<Successor>(
            loop_, program_, crew_->listeners().all(),
            Successor::Heard{
                .up = [this] { loop_.defer([this] { replaced(); }); },
                .failed =
                    [this](const std::vector<std::string>& errors) {
                        for (const std::string& error : errors)
                            events().event("upgrade_refused", {{"why", std::string_view(error)}});
                        upgrade_answer_(answer_of(errors));
                        loop_.defer([this] { successor_.reset(); });
                    },
                .gone = [this] { stop(crew_->generation()->config.front.drain_max + end_grace); }});
    } catch (const StartError& error) {
        return answer(answer_of({error.what()}));
    }
    upgrade_answer_ = answer;
    upgrade_by_ = loop_.now() + change_time_max;
    events().event("upgrade_started", {{"pid", std::int64_t{successor_->pid()}}});
}

/// The successor's workers serve now: ours accept nobody from here on, and this process ends with them.
void Supervisor::replaced() {
    events().event("upgraded", {{"pid", std::int64_t{successor_->pid()}}});
    notify_service_manager(fmt::format("MAINPID={}", successor_->pid()));
    if (control_) control_->leave_file();
    if (store_) {
        // Our store process ends: its remaining workers connect to the successor's instead.
        store_->leave_file();
        store_->end();
    }
    control_.reset();
    crew_->retire(last_session_by(loop_.now(), crew_->generation()->config));
    upgrade_answer_(answer_of({}));
}

}  // namespace sluice::app
