// An error that prevents a command from starting.
#pragma once

#include <stdexcept>

namespace sluice::app {

/// Thrown while a command is set up; the text is a sentence for the operator.
class StartError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace sluice::app
