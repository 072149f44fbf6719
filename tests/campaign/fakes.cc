#include "tests/campaign/fakes.h"

#include <memory>
#include <rapidcheck.h>
#include <utility>

namespace attest::tests {
namespace {

bool g_defect_ran = false;

class FakeSession : public kernels::Session {
 public:
  explicit FakeSession(const kernels::KernelInfo& info)
      : info_(info), arena_(1 << 16, kernels::Arena::Guards::kNone) {}
  const kernels::KernelInfo& info() const override { return info_; }
  kernels::Arena& arena() override { return arena_; }
  bool supports(const attest_attend*, kernels::RunResult*) override { return true; }
  kernels::RunResult plan(const attest_attend*, attest_plan_result*) override { return {}; }
  kernels::RunResult attend(const attest_attend*) override { return {}; }
  kernels::RunResult attend_partial(const attest_attend_partial*) override { return {}; }
  kernels::RunResult merge(const attest_merge*) override { return {}; }
  kernels::RunResult append(const attest_append*) override { return {}; }
  kernels::RunResult append_attend(const attest_append_attend*) override { return {}; }
  void restart() override { ++generation_; }
  std::uint64_t generation() const override { return generation_; }
  std::int64_t kernel_nanoseconds() const override { return 0; }
  void set_schedule(const problem::Schedule& /*schedule*/) override {}
  bool take_defect_ran() override { return std::exchange(g_defect_ran, false); }

 private:
  kernels::KernelInfo info_;
  kernels::Arena arena_;
  std::uint64_t generation_ = 0;
};

rc::Gen<problem::Case> generate(const kernels::KernelInfo&) {
  return rc::gen::map(rc::gen::resize(100, rc::gen::inRange<std::uint64_t>(0, 1000)),
                      [](std::uint64_t number) {
                        problem::Problem problem;
                        problem.sequences = {{.q_len = 3, .kv_len = 5}};
                        problem::Case value = problem::make_case(problem);
                        value.values.seed = number;
                        return value;
                      });
}

}  // namespace

campaign::OpenSession fake_sessions() {
  return [](const kernels::KernelInfo& info, const kernels::SessionOptions&) {
    return std::make_unique<FakeSession>(info);
  };
}

kernels::KernelInfo fake_kernel(const std::string& name) {
  kernels::KernelInfo info;
  info.name = name;
  return info;
}

void run_defect() { g_defect_ran = true; }

properties::Property fake_property(const char* id, Check check) {
  return {id,       "a claim", "",
          __FILE__, __LINE__,  [](const kernels::KernelInfo&) { return true; },
          generate, check};
}

}  // namespace attest::tests
