// Looks at something slow every so often: on the thread that may block, with what was found brought back to
// the loop.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "net/loop.hpp"
#include "net/offload.hpp"

namespace sluice::net {

/// Differs when the content of a file may: device, inode, size, time of change.
std::string file_version(const struct stat& status);

/// `Look` is what one look needs and finds, with a run() that must not throw.
template <typename Look>
class RegularLook final : private Timer {
  public:
    /// `prepare` makes each look and `take` is given it once it has run, both on the loop. The first is due
    /// after `every`; the next when the one before has been taken. All references must outlive this.
    RegularLook(Loop& loop, Offload& offload, Millis every, std::function<Look()> prepare,
                std::function<void(Look&)> take)
        : loop_(loop),
          offload_(offload),
          every_(every),
          prepare_(std::move(prepare)),
          take_(std::move(take)) {
        loop_.arm(*this, every_);
    }

  private:
    void on_timer() override {
        const auto look = std::make_shared<Look>(prepare_());
        const bool submitted = offload_.submit([look] { look->run(); },
                                               [this, look, alive = std::weak_ptr(alive_)] {
                                                   if (alive.expired()) return;
                                                   loop_.arm(*this, every_);
                                                   take_(*look);
                                               });
        if (!submitted) loop_.arm(*this, every_);  // the disk is behind
    }

    Loop& loop_;
    Offload& offload_;
    Millis every_;
    std::function<Look()> prepare_;
    std::function<void(Look&)> take_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sluice::net
