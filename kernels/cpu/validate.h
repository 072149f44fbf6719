// Refusal of calls outside the declared capabilities, and the message and path a kernel leaves.
// Checks every declared set, type, layout and feature, and that page ids lie inside the pool. Does
// not check that arrays are as long as the call says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>

#include "kernels/attest_kernel.h"

namespace attest::kernels::cpu {

using SupportsFunction = std::int32_t (*)(const attest_attend* call);

/// Why the call is outside the capabilities (one line), or nothing. `supports` may be null.
std::optional<std::string> find_unsupported(const attest_capabilities& capabilities,
                                            const attest_attend& call,
                                            SupportsFunction supports = nullptr);
std::optional<std::string> find_unsupported(const attest_capabilities& capabilities,
                                            const attest_attend_partial& call,
                                            SupportsFunction supports = nullptr);
std::optional<std::string> find_unsupported(const attest_capabilities& capabilities,
                                            const attest_merge& call);
std::optional<std::string> find_unsupported(const attest_capabilities& capabilities,
                                            const attest_append& call);

/// Truncated to fit; nothing happens when the caller gave no report.
void leave_message(attest_report* report, const std::string& message);
void leave_path(attest_report* report, const std::string& path);

/// False, with a message, when the caller brought less workspace than plan() asked for.
bool has_workspace(const attest_attend& call, std::size_t bytes, attest_report* report);

/// Runs `body` when the call is within the capabilities. No exception leaves a kernel.
template <typename Call, typename Body>
attest_status run_checked(const attest_capabilities& capabilities, const Call& call,
                          attest_report* report, Body&& body) {
  try {
    if (const auto reason = find_unsupported(capabilities, call)) {
      leave_message(report, *reason);
      return ATTEST_REFUSED;
    }
    return body();
  } catch (const std::exception& error) {
    leave_message(report, error.what());
    return ATTEST_FAILED;
  }
}

}  // namespace attest::kernels::cpu
