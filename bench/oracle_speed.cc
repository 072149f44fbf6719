// How fast the oracle is, against what the core can do and against the ways one would do it without
// it: billions of multiply-adds per second, 2 * M * N * D of them per call with M = N queries, one
// thread. Everything a method does counts: packing, exponentials, error balls, logarithms.
//
//   build/release/bench/bench_oracle_speed [seconds per cell and round, default 0.05]
//
// A cell is the best of a few rounds, and the methods of a column take turns, so that a ratio is of
// numbers that were measured side by side. Below ratios stand their floors: what they would be if
// certified double were as fast as it is and the rest ran at the speed of its inner loop (peaks.h).
// Exit code 1 when a ratio misses its goal (on a machine with other work to do it may).
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <Eigen/Dense>
#include <fmt/format.h>

#include "bench/peaks.h"
#include "oracle/fast_bounds.h"
#include "oracle/mp.h"
#include "oracle/simd/engine.h"

namespace {

namespace simd = attest::oracle::simd;
using attest::bench::g_sink;
using attest::bench::now;

/// One head, no mask; `rows` of the M queries are evaluated.
struct Job {
  std::int64_t n = 0, d = 0;
  double scale = 1;
  std::vector<double> q, k, v;  // [n, d]
  std::vector<double> o;        // [n, d]
};

Job make_job(std::int64_t n, std::int64_t d) {
  Job job{.n = n, .d = d, .scale = 1 / std::sqrt(static_cast<double>(d))};
  std::uint64_t state = 7;
  const auto draw = [&state] {
    double sum = 0;  // near normal, and float
    for (int i = 0; i < 4; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      sum += static_cast<double>(state >> 40) * 0x1p-24 - 0.5;
    }
    return static_cast<double>(static_cast<float>(sum * 1.7));
  };
  for (std::vector<double>* x : {&job.q, &job.k, &job.v}) {
    x->resize(static_cast<std::size_t>(n * d));
    for (double& element : *x) element = draw();
  }
  job.o.resize(job.q.size());
  return job;
}

/// The definition as loops.
template <typename Real>
__attribute__((noinline)) void naive(Job& job, std::int64_t rows) {
  using std::exp;
  std::vector<Real> weights(static_cast<std::size_t>(job.n));
  for (std::int64_t i = 0; i < rows; ++i) {
    const double* q = job.q.data() + i * job.d;
    Real most = -1e300;
    for (std::int64_t j = 0; j < job.n; ++j) {
      Real dot = 0;
      for (std::int64_t x = 0; x < job.d; ++x) dot += Real(q[x]) * job.k[j * job.d + x];
      weights[j] = dot * job.scale;
      if (most < weights[j]) most = weights[j];
    }
    Real l = 0;
    for (Real& weight : weights) {
      weight = exp(Real(weight - most));
      l += weight;
    }
    for (std::int64_t x = 0; x < job.d; ++x) {
      Real sum = 0;
      for (std::int64_t j = 0; j < job.n; ++j) sum += weights[j] * job.v[j * job.d + x];
      job.o[i * job.d + x] = static_cast<double>(Real(sum / l));
    }
  }
}

/// As one would write it with a linear algebra library.
__attribute__((noinline)) void with_eigen(Job& job, std::int64_t rows) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Matrix> q(job.q.data(), rows, job.d), k(job.k.data(), job.n, job.d),
      v(job.v.data(), job.n, job.d);
  Eigen::Map<Matrix> o(job.o.data(), rows, job.d);
  constexpr std::int64_t kRows = 64;
  for (std::int64_t i = 0; i < rows; i += kRows) {
    const std::int64_t count = std::min(kRows, rows - i);
    Matrix s = (q.middleRows(i, count) * k.transpose()) * job.scale;
    for (std::int64_t r = 0; r < count; ++r)
      s.row(r) = (s.row(r).array() - s.row(r).maxCoeff()).exp();
    const Eigen::VectorXd l = s.rowwise().sum();
    o.middleRows(i, count).noalias() = s * v;
    o.middleRows(i, count).array().colwise() /= l.array();
  }
}

/// Memory of the engine, kept between calls.
struct Workspace {
  std::vector<double> keys, scratch, o_low, ball;

  static double* at_least(std::vector<double>& memory, std::int64_t size) {
    const auto wanted = static_cast<std::size_t>(size + 8);
    if (memory.size() < wanted) memory.resize(wanted);
    const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
    return memory.data() + (64 - address % 64) % 64 / sizeof(double);
  }
};

/// Arithmetic of a kernel that declares nothing, or its order of sums as well.
attest::oracle::Arithmetic kernel_arithmetic(bool declared) {
  auto numerics = attest::problem::generic_numerics(attest::problem::DType::kF32);
  if (declared) {
    numerics.dot_lanes = numerics.weight_lanes = 8;
    numerics.tile = numerics.ordered_block = 64;
    numerics.max_splits = 1;
  }
  return attest::oracle::arithmetic_of(numerics, attest::problem::DType::kF32, 0);
}

using Attend = void (*simd::Engine::*)(simd::Block&, simd::Scratch&);

void with_engine(Attend attend, Job& job, std::int64_t rows,
                 attest::oracle::FastBounds* bounds = nullptr) {
  static Workspace workspace;
  const simd::Engine& engine = simd::engine();
  simd::Keys keys{.count = job.n, .dim_qk = job.d, .dim_v = job.d};
  simd::place_keys(keys, Workspace::at_least(workspace.keys, simd::keys_size(keys)));
  engine.pack(job.k.data(), job.d, job.v.data(), job.d, keys);
  const attest::oracle::RowShape shape{.head_dim_qk = job.d, .scale = job.scale};
  static const std::vector<attest::oracle::RowShape> shapes(simd::kBlockRows, shape);
  static attest::oracle::RowBound bound;
  if (bounds != nullptr) bounds->pack(keys, shape);
  simd::Scratch scratch{.memory = Workspace::at_least(workspace.scratch, simd::scratch_size(keys))};
  double* ball = Workspace::at_least(workspace.ball, rows * job.d);
  double* o_low = Workspace::at_least(workspace.o_low, rows * job.d);
  static simd::Block block;
  block.keys = &keys;
  for (std::int64_t i = 0; i < rows; i += simd::kBlockRows) {
    block.num_rows = std::min(simd::kBlockRows, rows - i);
    for (std::int64_t r = 0; r < block.num_rows; ++r) {
      const std::int64_t at = (i + r) * job.d;
      simd::BlockRow& row = block.rows[r];
      row.q = job.q.data() + at;
      row.factor = job.scale;
      row.last = job.n;
      row.o = job.o.data() + at;
      row.o_low = o_low + at;
      row.ball = ball + at;
    }
    scratch.keep_scores = bounds != nullptr;
    (engine.*attend)(block, scratch);
    g_sink = block.rows[0].lse;
    if (bounds == nullptr) continue;
    bounds->run(block, scratch, shapes);
    for (std::int64_t r = 0; r < block.num_rows; ++r) {
      if (!bounds->covers(r)) throw std::runtime_error("the fast bounds do not cover this");
      bounds->bounds_of(r, block.rows[r], bound);
      g_sink = bound.o[0];
    }
  }
}

void with_bounds(bool declared, Job& job, std::int64_t rows) {
  static const attest::oracle::Arithmetic kernels[] = {kernel_arithmetic(false),
                                                       kernel_arithmetic(true)};
  static attest::oracle::FastBounds bounds[] = {{kernels[0], simd::engine(), false},
                                                {kernels[1], simd::engine(), true}};
  with_engine(&simd::Engine::attend_double, job, rows, &bounds[declared ? 1 : 0]);
}

struct Method {
  std::string name;
  double guess;  ///< multiply-adds per second, to choose how many rows to run
  std::function<void(Job&, std::int64_t rows)> run;
};

const char* const kPeak = "FMA peak";
const char* const kAnyOrderPeak = "sums, any order";
const char* const kDeclaredPeak = "sums, declared";
const char* const kDoubleDoublePeak = "double-double peak";
const char* const kNaive = "naive double";
const char* const kEigen = "Eigen double";
const char* const kCertified = "certified double";
const char* const kAnyOrder = "+ any-order bound";
const char* const kDeclared = "+ declared, statistical";
const char* const kDoubleDouble = "double-double";
const char* const kBoost = "Boost, 50 digits";

std::vector<Method> methods() {
  return {
      {kNaive, 2e9, naive<double>},
      {kEigen, 2e10, with_eigen},
      {kCertified, 6e10,
       [](Job& job, std::int64_t rows) { with_engine(&simd::Engine::attend_double, job, rows); }},
      {kAnyOrder, 3e10, [](Job& job, std::int64_t rows) { with_bounds(false, job, rows); }},
      {kDeclared, 2e10, [](Job& job, std::int64_t rows) { with_bounds(true, job, rows); }},
      {kDoubleDouble, 2e10,
       [](Job& job, std::int64_t rows) {
         with_engine(&simd::Engine::attend_double_double, job, rows);
       }},
      {kBoost, 2e7, naive<attest::oracle::Mp>},
  };
}

/// Best rate of `method` on `job` within about `seconds`.
double rate(const Method& method, Job& job, double seconds) {
  const double per_row = 2.0 * static_cast<double>(job.n * job.d);
  const auto rows = std::clamp(static_cast<std::int64_t>(seconds * method.guess / per_row),
                               std::int64_t{1}, job.n);
  double best = 0, total = 0;
  while (total < seconds) {
    // Calls of microseconds are timed several at once.
    const int calls = std::clamp(static_cast<int>(1e-4 * method.guess / (per_row * rows)), 1, 1000);
    const double start = now();
    for (int i = 0; i < calls; ++i) method.run(job, rows);
    const double took = now() - start;
    total += took;
    best = std::max(best, per_row * static_cast<double>(rows) * calls / took);
  }
  return best;
}

struct Column {
  std::int64_t d, n;
};

/// Rate of each method by name.
using Rates = std::map<std::string, double>;

/// A ratio that must reach a goal in some columns.
struct Goal {
  std::string name;
  std::string over, under;
  double least, most;  ///< of over / under
  std::int64_t from_n, to_n;
  std::string peak = {};  ///< of what comes on top of `over`, or of `under` if that replaces it
  bool on_top = false;
};

std::vector<Goal> goals() {
  return {
      {"certified / peak", kCertified, kPeak, 0.7, 1e9, 1024, 4096},
      {"certified / naive", kCertified, kNaive, 8, 1e9, 1024, 4096},
      {"certified / Eigen", kCertified, kEigen, 1.5, 1e9, 1024, 4096},
      {"certified / Eigen, small", kCertified, kEigen, 1, 1e9, 1, 32},
      {"certified / any order", kCertified, kAnyOrder, 0, 1.7, 1024, 4096, kAnyOrderPeak, true},
      {"certified / declared", kCertified, kDeclared, 0, 3, 1024, 4096, kDeclaredPeak, true},
      {"certified / double-double", kCertified, kDoubleDouble, 0, 4.5, 1, 4096, kDoubleDoublePeak},
      {"certified / Boost", kCertified, kBoost, 1000, 1e9, 1024, 4096},
  };
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 0.05;
  constexpr int kRounds = 5;
  std::vector<Column> columns;
  for (const std::int64_t d : {64, 128}) {
    for (const std::int64_t n : {1, 4, 8, 16, 32, 128, 1024, 4096}) columns.push_back({d, n});
  }
  Rates peaks;
  std::vector<Rates> rates(columns.size());
  const auto raise = [](double& best, double rate) { best = std::max(best, rate); };
  for (std::size_t c = 0; c < columns.size(); ++c) {
    Job job = make_job(columns[c].n, columns[c].d);
    for (int round = 0; round < kRounds; ++round) {
      raise(peaks[kPeak], attest::bench::fma_peak());
      raise(peaks[kAnyOrderPeak], attest::bench::any_order_peak());
      raise(peaks[kDeclaredPeak], attest::bench::declared_peak());
      raise(peaks[kDoubleDoublePeak], attest::bench::double_double_peak());
      for (const Method& method : methods()) {
        raise(rates[c][method.name], rate(method, job, seconds));
      }
    }
  }
  for (Rates& column : rates) column.insert(peaks.begin(), peaks.end());

  fmt::print("engine: {}; billions of multiply-adds per second\n{:26}", simd::engine().name, "");
  for (const Column& column : columns)
    fmt::print("{:>10}", fmt::format("{}/{}", column.d, column.n));
  fmt::print("  (D/N)\n");
  std::vector<std::string> names = {kPeak, kAnyOrderPeak, kDeclaredPeak, kDoubleDoublePeak};
  for (const Method& method : methods()) names.push_back(method.name);
  for (const std::string& name : names) {
    fmt::print("{:26}", name);
    for (const Rates& column : rates) fmt::print("{:10.4g}", column.at(name) / 1e9);
    fmt::print("\n");
  }
  fmt::print("\n");
  bool all = true;
  for (const Goal& goal : goals()) {
    fmt::print("{:26}", goal.name);
    bool reached = true;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (columns[c].n < goal.from_n || columns[c].n > goal.to_n) {
        fmt::print("{:>10}", "");
        continue;
      }
      const double ratio = rates[c].at(goal.over) / rates[c].at(goal.under);
      fmt::print("{:10.4g}", ratio);
      reached = reached && ratio >= goal.least && ratio <= goal.most;
    }
    fmt::print("  {} {}: {}\n",
               goal.least > 0 ? ">=" : "<=", goal.least > 0 ? goal.least : goal.most,
               reached ? "pass" : "FAIL");
    all = all && reached;
    if (goal.peak.empty()) continue;
    fmt::print("{:26}", "  its floor");
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const double floor = rates[c].at(goal.over) / peaks.at(goal.peak) + (goal.on_top ? 1 : 0);
      const bool counts = columns[c].n >= std::max<std::int64_t>(goal.from_n, 1024);
      fmt::print("{:>10}", counts ? fmt::format("{:.4g}", floor) : "");
    }
    fmt::print("\n");
  }
  return all ? 0 : 1;
}
