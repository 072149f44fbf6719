#include "kernels/cuda/entry.h"

#include "kernels/cpu/validate.h"

namespace attest::kernels {
namespace {

template <typename Call>
attest_status checked(const attest_capabilities& capabilities, const Call& call,
                      attest_report* report) {
  return cpu::run_checked(capabilities, call, report, [] { return ATTEST_OK; });
}

}  // namespace

attest_status check_call(const attest_capabilities& capabilities, const attest_attend& call,
                         attest_report* report) {
  return checked(capabilities, call, report);
}

attest_status check_call(const attest_capabilities& capabilities, const attest_attend_partial& call,
                         attest_report* report) {
  return checked(capabilities, call, report);
}

attest_status check_call(const attest_capabilities& capabilities, const attest_merge& call,
                         attest_report* report) {
  return checked(capabilities, call, report);
}

attest_status check_call(const attest_capabilities& capabilities, const attest_append& call,
                         attest_report* report) {
  return checked(capabilities, call, report);
}

attest_status check_workspace(const attest_attend& call, std::size_t bytes, attest_report* report) {
  return cpu::has_workspace(call, bytes, report) ? ATTEST_OK : ATTEST_FAILED;
}

attest_status leave(attest_report* report, attest_status status, const char* message) {
  cpu::leave_message(report, message);
  return status;
}

void report_path(attest_report* report, const char* path) { cpu::leave_path(report, path); }

}  // namespace attest::kernels
