// Errors of the person who typed the command, apart from those of problem/errors.h.
#pragma once

#include <stdexcept>

namespace attest::campaign {

/// An argument that cannot be used: unknown name, bad number. Exit code 64.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Everything named exists, but nothing of it can be run together. Exit code 4.
class NothingToDo : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace attest::campaign
