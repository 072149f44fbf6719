// Host side of the CUDA kernels that needs no CUDA: whether a call is within the capabilities, and
// the messages they leave. Compiled once, by the C++ compiler.
#pragma once

#include <cstddef>

#include "kernels/attest_kernel.h"

namespace attest::kernels {

/// ATTEST_OK when the call is within the capabilities; else ATTEST_REFUSED, and why in the report.
attest_status check_call(const attest_capabilities& capabilities, const attest_attend& call,
                         attest_report* report);
attest_status check_call(const attest_capabilities& capabilities, const attest_attend_partial& call,
                         attest_report* report);
attest_status check_call(const attest_capabilities& capabilities, const attest_merge& call,
                         attest_report* report);
attest_status check_call(const attest_capabilities& capabilities, const attest_append& call,
                         attest_report* report);

/// ATTEST_OK when the caller brought the workspace that plan() asked for.
attest_status check_workspace(const attest_attend& call, std::size_t bytes, attest_report* report);

/// Leaves a message, truncated to fit, and gives back the status.
attest_status leave(attest_report* report, attest_status status, const char* message);
void report_path(attest_report* report, const char* path);

}  // namespace attest::kernels
