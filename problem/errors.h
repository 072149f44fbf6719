// Errors that are not verdicts. Only main() turns them into exit codes.
#pragma once

#include <stdexcept>
#include <string>

namespace attest {

/// A broken contract between parts of attest or with a kernel plug-in: what was expected and what
/// came.
class ContractError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A case file or corpus that cannot be used.
class CorpusError : public std::runtime_error {
 public:
  CorpusError(const std::string& path, const std::string& what)
      : std::runtime_error(path + ": " + what) {}
};

/// A kernel plug-in that cannot be used.
class PluginError : public std::runtime_error {
 public:
  PluginError(const std::string& path, const std::string& what)
      : std::runtime_error(path + ": " + what) {}
};

/// The operating system refused something (memory, disk, processes).
class SystemError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace attest
