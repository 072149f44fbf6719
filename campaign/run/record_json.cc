// run.json. Every struct is described once, by visit(); writing and reading are two visitors of the
// same description, so that they cannot disagree.
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <type_traits>

#include <fmt/format.h>

#include "campaign/path_text.h"
#include "campaign/run/record.h"
#include "corpus/file_io.h"
#include "corpus/json_field.h"
#include "problem/errors.h"
#include "problem/text.h"

namespace attest::campaign {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxText = 4000;
constexpr std::size_t kMaxRunBytes = std::size_t{256} << 20;
constexpr std::string_view kFileName = "run.json";

/// As text in JSON.
struct Hex {
  std::uint64_t& value;
};

/// What visit() describes, one overload each.
template <typename T>
concept Described = std::is_same_v<T, Shard> || std::is_same_v<T, RunIdentity::Kernel> ||
    std::is_same_v<T, RunIdentity> || std::is_same_v<T, RunTotals> ||
    std::is_same_v<T, PairRecord> || std::is_same_v<T, StoredRecord> ||
    std::is_same_v<T, FailureRecord> || std::is_same_v<T, SuspicionRecord> ||
    std::is_same_v<T, WaiverNote> || std::is_same_v<T, RunRecord>;

template <typename V>
void visit(V& v, Shard& shard) {
  v("index", shard.index);
  v("count", shard.count);
}

template <typename V>
void visit(V& v, RunIdentity::Kernel& kernel) {
  v("name", kernel.name);
  v("library", kernel.library);
  v("hash", kernel.hash);
  v("device", kernel.device);
}

template <typename V>
void visit(V& v, RunIdentity& identity) {
  v("version", identity.version);
  v("binary", identity.binary);
  v("generator", identity.generator);
  v("values", identity.values);
  v("seed", Hex{identity.seed});
  v("exhaustive", identity.exhaustive);
  v("keep_going", identity.keep_going);
  v("cases", identity.cases);
  v("total_cases", identity.total_cases);
  v("time_ms", identity.time_ms);
  v("tier", identity.tier);
  v("kernels", identity.kernels);
  v("properties", identity.properties);
  v("corpus", identity.corpus);
}

template <typename V>
void visit(V& v, RunTotals& totals) {
  v("elapsed_ms", totals.elapsed_ms);
  v("search_ms", totals.search_ms);
  v("generate_ns", totals.generate_ns);
  v("oracle_ns", totals.oracle_ns);
  v("kernel_ns", totals.kernel_ns);
  v("total_ns", totals.total_ns);
  v("escalations", totals.escalations);
  v("vacuous", totals.vacuous);
  v("second_looks", totals.second_looks);
}

template <typename V>
void visit(V& v, PairRecord& pair) {
  v("kernel", pair.kernel);
  v("property", pair.property);
  v("cases", pair.cases);
  v("judged", pair.judged);
  v("skipped", pair.skipped);
  v("inconclusive", pair.inconclusive);
  v("sequences", pair.sequences);
  v("worst", pair.worst);
  v("first_failure", pair.first_failure);
  v("stop", pair.stop);
}

template <typename V>
void visit(V& v, StoredRecord& stored) {
  v("path", stored.path);
  v("property", stored.property);
  v("kernel", stored.kernel);
  v("status", stored.status);
  v("class", stored.failure_class);
  v("message", stored.message);
  v("waiver", stored.waiver);
}

template <typename V>
void visit(V& v, FailureRecord& failure) {
  v("kernel", failure.kernel);
  v("property", failure.property);
  v("k", failure.k);
  v("signature", failure.signature);
  v("status", failure.status);
  v("class", failure.failure_class);
  v("message", failure.message);
  v("severity", failure.severity);
  v("file", failure.file);
  v("shrunk", failure.shrunk);
  v("why_not_shrunk", failure.why_not_shrunk);
  v("seen", failure.seen);
  v("waiver", failure.waiver);
}

template <typename V>
void visit(V& v, SuspicionRecord& suspicion) {
  v("kernel", suspicion.kernel);
  v("property", suspicion.property);
  v("k", suspicion.k);
  v("message", suspicion.message);
  v("file", suspicion.file);
}

template <typename V>
void visit(V& v, WaiverNote& waiver) {
  v("kernel", waiver.kernel);
  v("property", waiver.property);
  v("owner", waiver.owner);
  v("what", waiver.what);
}

template <typename V>
void visit(V& v, RunRecord& record) {
  v("identity", record.identity);
  v("shard", record.shard);
  v("merged", record.merged);
  v("arguments", record.arguments);
  v("directory", record.directory);
  v("started", record.started);
  v("host", record.host);
  v("jobs", record.jobs);
  v("state", record.state);
  v("exit_code", record.exit_code);
  v("broken", record.broken);
  v("totals", record.totals);
  v("pairs", record.pairs);
  v("stored", record.stored);
  v("failures", record.failures);
  v("suspicious", record.suspicious);
  v("waivers", record.waivers);
  v("labels", record.labels);
  v("labels_seen", record.labels_seen);
  v("label_pairs", record.label_pairs);
  v("label_pairs_seen", record.label_pairs_seen);
}

Json to_json(const std::string& value) { return problem::printable(value, kMaxText); }
Json to_json(bool value) { return value; }
Json to_json(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}
Json to_json(Hex value) { return fmt::format("{:#x}", value.value); }
Json to_json(problem::Status value) { return std::string(problem::name_of(value)); }
Json to_json(RunState value) { return std::string(name_of(value)); }
template <std::integral T>
Json to_json(T value) {
  return value;
}
template <typename T>
Json to_json(std::vector<T>& values);
template <Described T>
Json to_json(T& value);

struct Writer {
  Json object = Json::object();

  template <typename T>
  void operator()(const char* name, std::optional<T>& value) {
    if (value) (*this)(name, *value);
  }
  template <typename T>
  void operator()(const char* name, T&& value) {
    object[name] = to_json(value);
  }
};

template <Described T>
Json to_json(T& value) {
  Writer writer;
  visit(writer, value);
  return std::move(writer.object);
}

template <typename T>
Json to_json(std::vector<T>& values) {
  Json list = Json::array();
  for (T& value : values) list.push_back(to_json(value));
  return list;
}

void read(const corpus::Field& field, std::string& value) { value = field.text(kMaxText + 8); }
void read(const corpus::Field& field, bool& value) { value = field.boolean(); }
void read(const corpus::Field& field, double& value) { value = field.decimal(); }
void read(const corpus::Field& field, Hex value) { value.value = field.hex64(); }
template <std::integral T>
void read(const corpus::Field& field, T& value) {
  constexpr auto kMost =
      std::min<std::uint64_t>(static_cast<std::uint64_t>(std::numeric_limits<T>::max()),
                              static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  value = static_cast<T>(field.integer(0, static_cast<std::int64_t>(kMost)));
}
void read(const corpus::Field& field, problem::Status& value) {
  const auto status = problem::parse_status(field.text(40));
  if (!status) field.fail("a status");
  value = *status;
}
void read(const corpus::Field& field, RunState& value) {
  const std::string text = field.text(40);
  for (const RunState state :
       {RunState::kRunning, RunState::kDone, RunState::kInterrupted, RunState::kBroken}) {
    if (text != name_of(state)) continue;
    value = state;
    return;
  }
  field.fail("running, done, interrupted or broken");
}
template <typename T>
void read(const corpus::Field& field, std::vector<T>& values);
template <Described T>
void read(const corpus::Field& field, T& value);

class Reader {
 public:
  explicit Reader(const corpus::Field& field) : field_(field) {}

  template <typename T>
  void operator()(const char* name, std::optional<T>& value) {
    keys_.push_back(name);
    if (!field_.has(name)) return;
    value.emplace();
    read(field_.member(name), *value);
  }
  template <typename T>
  void operator()(const char* name, T&& value) {
    keys_.push_back(name);
    read(field_.member(name), value);
  }

  void finish() const { field_.expect_keys(keys_); }

 private:
  const corpus::Field& field_;
  std::vector<std::string_view> keys_;
};

template <Described T>
void read(const corpus::Field& field, T& value) {
  Reader reader(field);
  visit(reader, value);
  reader.finish();
}

template <typename T>
void read(const corpus::Field& field, std::vector<T>& values) {
  const std::size_t count = field.list_size();
  values.resize(count);
  for (std::size_t i = 0; i < count; ++i) read(field.element(i), values[i]);
}

}  // namespace

std::string_view name_of(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return "running";
    case RunState::kDone:
      return "done";
    case RunState::kInterrupted:
      return "interrupted";
    case RunState::kBroken:
      return "broken";
  }
  return "?";
}

std::string write_record(const RunRecord& record) {
  RunRecord copy = record;  // visitors of both directions take what is not const
  Json document = Json::object();
  document["attest_run"] = kRunFormat;
  document.update(to_json(copy));
  return document.dump(1) + "\n";
}

RunRecord parse_record(std::string_view text, const std::string& path) {
  nlohmann::json document = corpus::parse_json(text, path);
  const corpus::Field root(document, path);
  root.member("attest_run").integer(kRunFormat, kRunFormat);
  document.erase("attest_run");
  RunRecord record;
  read(root, record);
  if (record.shard.count < 1 || record.shard.index >= record.shard.count) {
    root.member("shard").fail("an index below the count");
  }
  return record;
}

RunRecord read_record(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kFileName;
  return parse_record(corpus::read_regular_file(path, kMaxRunBytes), path_text(path));
}

void save_record(const RunRecord& record, const std::filesystem::path& folder) {
  corpus::write_file_atomically(folder / kFileName, write_record(record));
}

}  // namespace attest::campaign
