// Sessions of the kernels of plugins/misbehaving.c, and the smallest call for them.
#pragma once

#include <chrono>
#include <cstring>
#include <memory>
#include <string>

#include "kernels/launch.h"
#include "kernels/session.h"
#include "tests/kernels/plugins.h"

namespace attest::tests {

inline std::unique_ptr<kernels::Session> open(
    const std::string& name, bool in_process = false,
    std::chrono::milliseconds timeout = std::chrono::milliseconds(20'000)) {
  return kernels::open_session(misbehaving(name), {.timeout = timeout, .in_process = in_process});
}

/// A call with a float of q and one of o, sealed.
struct SmallCall {
  explicit SmallCall(kernels::Session& session) : launch(session.arena()) {
    const std::int64_t one[] = {1, 1, 1};
    launch.align_tensors(0);
    call = static_cast<attest_attend*>(launch.raw(sizeof(attest_attend), 64));
    *call = {};
    call->struct_size = sizeof(*call);
    call->total_q = 1;
    call->head_dim_qk = call->head_dim_v = 1;
    call->q = launch.tensor("q", kernels::Role::kInput, ATTEST_F32, one);
    call->o = launch.tensor("o", kernels::Role::kOutput, ATTEST_F32, one);
    std::memset(call->q.data, 0, sizeof(float));
    std::memset(call->o.data, 0, sizeof(float));
    launch.seal();
  }
  float o() const { return *static_cast<const float*>(call->o.data); }

  kernels::Launch launch;
  attest_attend* call;
};

inline kernels::RunResult attend_once(kernels::Session& session) {
  const SmallCall small(session);
  return session.attend(small.call);
}

}  // namespace attest::tests
