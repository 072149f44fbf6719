#include "kernels/gpu/relocate.h"

#include "kernels/call_fields.h"

namespace attest::kernels::gpu {
namespace {

class Mover {
 public:
  Mover(const Places& places, void* stream) : places_(places), stream_(stream) {}

  // Of what call_fields.h names.
  void operator()(const char*, attest_tensor& tensor, bool) const {
    if (tensor.data == nullptr) return;
    tensor.device = ATTEST_CUDA;
    for (int axis = 0; axis < tensor.rank; ++axis) {
      if (tensor.shape[axis] == 0) return;  // has no element, and no place
    }
    tensor.data = at(tensor.data);
  }
  void operator()(const char*, attest_ints& ints) const {
    if (ints.count > 0) ints.device = static_cast<const std::int32_t*>(at(ints.device));
  }

  void move(attest_attend& call) const {
    attend_fields(call, *this);
    run_on_stream(call);
  }
  void move(attest_attend_partial& partial) const {
    partial_fields(partial, *this);
    run_on_stream(partial.call);
  }
  void move(attest_append& append) const {
    append_fields(append, *this);
    append.stream = stream_;
  }
  void move(attest_append_attend& both) const {
    append_attend_fields(both, *this);
    run_on_stream(both.call);
  }
  void move(attest_merge& merge, attest_state* states) const {
    for (std::int32_t s = 0; s < merge.num_states; ++s) {
      states[s] = merge.states[s];
      state_fields(states[s], false, *this);
    }
    merge.states = states;
    state_fields(merge.out, true, *this);
    merge.stream = stream_;
  }

  template <typename Call>
  std::shared_ptr<void> moved(const void* argument) const {
    auto call = std::make_shared<Call>(*static_cast<const Call*>(argument));
    move(*call);
    return call;
  }

 private:
  void run_on_stream(attest_attend& call) const {
    if (call.workspace != nullptr && call.workspace_bytes > 0) call.workspace = at(call.workspace);
    call.stream = stream_;
  }
  void* at(const void* host) const { return places_.of(host); }

  const Places& places_;
  void* stream_;
};

}  // namespace

RelocatedCall::RelocatedCall(Operation operation, const void* argument, const Places& places,
                             void* stream) {
  const Mover mover(places, stream);
  switch (operation) {
    case Operation::kQuit:
      return;
    case Operation::kSupports:
    case Operation::kPlan:
    case Operation::kAttend:
      argument_ = mover.moved<attest_attend>(argument);
      return;
    case Operation::kAttendPartial:
      argument_ = mover.moved<attest_attend_partial>(argument);
      return;
    case Operation::kMerge: {
      auto merge = std::make_shared<attest_merge>(*static_cast<const attest_merge*>(argument));
      states_ = std::make_unique<attest_state[]>(static_cast<std::size_t>(merge->num_states));
      mover.move(*merge, states_.get());
      argument_ = merge;
      return;
    }
    case Operation::kAppend:
      argument_ = mover.moved<attest_append>(argument);
      return;
    case Operation::kAppendAttend:
      argument_ = mover.moved<attest_append_attend>(argument);
      return;
  }
}

}  // namespace attest::kernels::gpu
