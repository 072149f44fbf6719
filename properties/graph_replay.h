// Capture once, replay many: a call in a CUDA graph keeps what its host code read when it was
// captured; only what lies on the device can change.
#pragma once

#include "properties/harness.h"

namespace attest::properties {

/// The session's calls run in that mode as long as this lives.
class InDeviceMode {
 public:
  InDeviceMode(kernels::Session& session, kernels::DeviceMode mode) : session_(session) {
    session_.set_device_mode(mode);
  }
  ~InDeviceMode() { session_.set_device_mode(kernels::DeviceMode::kPlain); }
  InDeviceMode(const InDeviceMode&) = delete;
  InDeviceMode& operator=(const InDeviceMode&) = delete;

 private:
  kernels::Session& session_;
};

/// Attends `now` in the frame of `captured`: the call is that of `captured`, but lengths and
/// positions are those of `now` where device code reads them (attest_ints::device). On a GPU it
/// goes through a graph; elsewhere that is all there is to one. `now` has the rows of `captured`
/// and, of each sequence, its first tokens.
Run attend_in_graph_of(const Scene& captured, const Scene& now, Harness& harness);

problem::Verdict check_graph_replay(const problem::Case& value, Harness& harness);
bool replays_graphs(const kernels::KernelInfo& info);

}  // namespace attest::properties
