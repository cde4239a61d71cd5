// Looks at something slow at regular intervals: on the thread that may block, with the result brought back to
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

/// A text that differs when the content of a file may differ: device, inode, size, time of change.
std::string file_version(const struct stat& status);

/// `Look` holds what one look needs and finds, and has a run() that must not throw.
template <typename Look>
class RegularLook final : private Timer {
  public:
    /// `prepare` makes each look, and `take` gets it once it has run; both are called on the loop. The first
    /// look is due after `every`, the next that long after the one before was taken. All references must
    /// outlive this.
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
