#include "campaign/run/make_record.h"

#include <ctime>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/utsname.h>

#include "campaign/run/exit_code.h"
#include "campaign/run/file_hash.h"
#include "campaign/run/shard.h"
#include "campaign/run/waivers.h"
#include "campaign/table.h"
#include "properties/property.h"

namespace attest::campaign {
namespace {

std::string machine() {
  utsname name{};
  return uname(&name) == 0 ? fmt::format("{} {}", name.sysname, name.machine) : std::string();
}

PairRecord pair_record(const Options& options, const PairResult& result) {
  PairRecord record;
  record.kernel = options.kernels[result.pair.kernel].name;
  record.property = result.pair.property->id;
  record.first_failure = result.first_failure;
  record.stop = stop_text(result.stop);
  if (result.first_failure && !options.keep_going) {
    // How many more ran in other lanes is chance.
    record.cases = cases_in(options.shard, *result.first_failure + 1);
    return record;
  }
  record.cases = result.cases;
  record.judged = result.judged;
  record.skipped = result.skipped;
  record.inconclusive = result.inconclusive;
  record.sequences = result.sequences;
  record.worst = result.worst;
  return record;
}

StoredRecord stored_record(const StoredResult& result) {
  StoredRecord record;
  record.path = result.path.string();
  record.property = result.property->id;
  record.kernel = result.kernel;
  if (!result.verdict) return record;
  record.status = result.verdict->status;
  record.failure_class = result.verdict->failure_class;
  record.message = result.verdict->message;
  return record;
}

/// A case file as it is called inside the run folder, or where there is none.
std::string file_of(const Options& options, const std::filesystem::path& path) {
  if (path.empty()) return {};
  return options.out ? path.lexically_relative(*options.out).string() : path.string();
}

FailureRecord failure_record(const Options& options, const Failure& failure) {
  FailureRecord record;
  record.kernel = options.kernels[failure.pair.kernel].name;
  record.property = failure.pair.property->id;
  record.k = failure.k;
  record.signature = failure.signature;
  record.status = failure.verdict.status;
  record.failure_class = failure.verdict.failure_class;
  record.message = failure.verdict.message;
  record.severity = failure.verdict.severity;
  record.file = file_of(options, failure.path);
  record.shrunk = failure.shrunk;
  record.why_not_shrunk = failure.why_not_shrunk;
  record.seen = failure.seen;
  return record;
}

}  // namespace

RunIdentity identity_of(const Options& options) {
  RunIdentity identity;
  identity.version = options.notes.version;
  identity.binary = file_hash("/proc/self/exe");
  identity.generator = properties::kGeneratorVersion;
  identity.values = problem::kValuesVersion;
  identity.seed = options.seed;
  identity.exhaustive = options.exhaustive;
  identity.keep_going = options.keep_going;
  identity.cases = options.cases;
  identity.total_cases = options.total_cases;
  if (options.time) identity.time_ms = options.time->count();
  identity.tier = options.notes.tier;
  for (const kernels::KernelInfo& kernel : options.kernels) {
    identity.kernels.push_back({kernel.name, kernel.library,
                                kernel.library.empty() ? "" : file_hash(kernel.library),
                                kernel.capabilities.device == ATTEST_CPU ? "cpu" : "cuda"});
  }
  for (const properties::Property* property : options.properties) {
    identity.properties.emplace_back(property->id);
  }
  identity.corpus = files_hash(options.stored);
  return identity;
}

RunState state_of(const Report& report) {
  return !report.broken.empty() ? RunState::kBroken
         : report.interrupted   ? RunState::kInterrupted
                                : RunState::kDone;
}

RunRecord make_record(const Options& options, const Report& report, RunState state) {
  RunRecord record;
  record.identity = report.identity;
  record.shard = options.shard;
  record.arguments = options.notes.arguments;
  std::error_code ignored;
  record.directory = std::filesystem::current_path(ignored).string();
  record.started = report.started;
  record.host = machine();
  record.jobs = report.jobs;
  record.state = state;
  record.broken = report.broken;
  record.totals = {report.elapsed.count(), report.search.count(), report.generate_ns,
                   report.oracle_ns,       report.kernel_ns,      report.total_ns,
                   report.escalations,     report.vacuous,        report.second_looks};
  for (const PairResult& result : report.pairs) {
    record.pairs.push_back(pair_record(options, result));
  }
  for (const StoredResult& result : report.stored) record.stored.push_back(stored_record(result));
  for (const Failure& failure : report.failures) {
    record.failures.push_back(failure_record(options, failure));
  }
  for (const SuspiciousCase& suspicious : report.suspicious) {
    record.suspicious.push_back(
        {options.kernels[suspicious.pair.kernel].name, std::string(suspicious.pair.property->id),
         suspicious.k, suspicion_text(suspicious.suspicion), file_of(options, suspicious.path)});
  }
  record.labels = report.coverage.all.labels;
  record.labels_seen = report.coverage.all.labels_seen;
  record.label_pairs = report.coverage.all.pairs;
  record.label_pairs_seen = report.coverage.all.pairs_seen;
  apply_waivers(record, options.waivers, today());
  if (state != RunState::kRunning) record.exit_code = exit_code_of(record);
  return record;
}

int exit_code_of(const Options& options, const Report& report) {
  return exit_code_of(make_record(options, report, state_of(report)));
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace attest::campaign
