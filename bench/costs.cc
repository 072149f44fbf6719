// What attest itself costs per check: drawing a case, making its contents, reference and bounds,
// one trip to a kernel process. A multiply-add counts q_len * kv_len * heads * (head_dim_qk +
// head_dim_v) once.
#include <memory>

#include <benchmark/benchmark.h>

#include "kernels/session.h"
#include "oracle/definition.h"
#include "oracle/expected.h"
#include "properties/harness.h"
#include "properties/property.h"

namespace {

using namespace attest;  // NOLINT(google-build-using-namespace): a main file

const kernels::KernelInfo& kernel(const char* name) {
  static const std::vector<kernels::KernelInfo> all = kernels::builtin_infos();
  for (const auto& info : all) {
    if (info.name == name) return info;
  }
  throw std::runtime_error(name);
}

/// One sequence, `kv_len` queries and keys, two heads of 64 lanes.
problem::Case square_case(problem::DType type, std::int64_t kv_len) {
  problem::Problem shape;
  shape.sequences = {{.q_len = kv_len, .kv_len = kv_len, .start_pos = std::nullopt}};
  shape.num_q_heads = shape.num_kv_heads = 2;
  shape.head_dim_qk = shape.head_dim_v = 64;
  shape.scale = 0.125;
  shape.q_dtype = shape.k_dtype = shape.v_dtype = shape.o_dtype = type;
  problem::Case value = problem::make_case(shape);
  value.values.distribution = problem::Distribution::kNormal;
  return value;
}

double multiply_adds(const problem::Problem& shape) {
  const auto& sequence = shape.sequences.front();
  return static_cast<double>(sequence.q_len * sequence.kv_len * shape.num_q_heads *
                             (shape.head_dim_qk + shape.head_dim_v));
}

void draw_a_case(benchmark::State& state) {
  const auto& info = kernel("cpu/ragged_batch_f32");
  const auto* property = properties::find_property("oracle.output");
  std::uint64_t k = 0;
  for (auto _ : state) benchmark::DoNotOptimize(properties::draw_case(*property, info, 1, k++));
}
BENCHMARK(draw_a_case);

void make_the_contents(benchmark::State& state) {
  const problem::Case value = square_case(problem::DType::kF32, 32);
  for (auto _ : state)
    benchmark::DoNotOptimize(problem::make_inputs(value.problem(), value.values, value.storage));
}
BENCHMARK(make_the_contents);

void expect(benchmark::State& state, problem::DType type) {
  const problem::Case value = square_case(type, state.range(0));
  const auto inputs = problem::make_inputs(value.problem(), value.values, value.storage);
  const auto numerics = problem::generic_numerics(type);
  for (auto _ : state)
    benchmark::DoNotOptimize(oracle::expect_attend(value.problem(), inputs, numerics));
  state.counters["madd/s"] = benchmark::Counter(multiply_adds(value.problem()),
                                                benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK_CAPTURE(expect, f32_kernel, problem::DType::kF32)->Arg(16)->Arg(128);
BENCHMARK_CAPTURE(expect, f64_kernel, problem::DType::kF64)->Arg(16)->Arg(128);

void definition_in_double(benchmark::State& state) {
  const problem::Case value = square_case(problem::DType::kF32, state.range(0));
  const auto inputs = problem::make_inputs(value.problem(), value.values, value.storage);
  for (auto _ : state) benchmark::DoNotOptimize(oracle::attend<double>(value.problem(), inputs));
  state.counters["madd/s"] = benchmark::Counter(multiply_adds(value.problem()),
                                                benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(definition_in_double)->Arg(16)->Arg(128);

void call_a_kernel(benchmark::State& state, bool in_process) {
  const auto session = kernels::open_session(kernel("cpu/dense_f32"), {.in_process = in_process});
  properties::Harness harness(*session);
  const properties::Scene scene = properties::scene_of(square_case(problem::DType::kF32, 4));
  for (auto _ : state) benchmark::DoNotOptimize(harness.attend(scene));
}
BENCHMARK_CAPTURE(call_a_kernel, in_a_process_of_its_own, false);
BENCHMARK_CAPTURE(call_a_kernel, in_this_process, true);

}  // namespace
