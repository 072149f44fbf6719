#include "tests/campaign/run/records.h"

namespace attest::tests {

campaign::RunRecord good_record(const std::string& kernel) {
  campaign::RunRecord record;
  record.identity.version = "0.1.0 (abc)";
  record.identity.binary = "0123456789abcdef";
  record.identity.generator = 3;
  record.identity.values = 1;
  record.identity.seed = 1;
  record.identity.cases = 10;
  record.identity.kernels.push_back({kernel, "", "", "cpu"});
  record.identity.properties = {"oracle.output", "oracle.lse"};
  record.started = "2026-11-26T15:04:05Z";
  record.state = campaign::RunState::kDone;
  record.exit_code = 0;
  for (const char* property : {"oracle.output", "oracle.lse"}) {
    record.pairs.push_back({kernel, property, 10, 10, 0, 0, 20, 0.5, std::nullopt, "cases done"});
  }
  return record;
}

campaign::FailureRecord& add_failure(campaign::RunRecord& record, const std::string& property,
                                     std::uint64_t k) {
  const std::string& kernel = record.identity.kernels[0].name;
  for (campaign::PairRecord& pair : record.pairs) {
    if (pair.kernel != kernel || pair.property != property) continue;
    pair = {kernel, property, static_cast<std::int64_t>(k) + 1, 0, 0, 0, 0, 0.0, k, "failure"};
  }
  campaign::FailureRecord failure;
  failure.kernel = kernel;
  failure.property = property;
  failure.k = k;
  failure.signature = property + "-value-o";
  failure.failure_class = "value";
  failure.message = "o[sequence 0, row 0, head 0, lane 0] = 0, expected 1";
  failure.severity = 100;
  failure.file = "failures/" + failure.signature + "/" + std::to_string(k) + ".case.json";
  record.failures.push_back(failure);
  return record.failures.back();
}

std::string nasty_text() {
  return "k\x1b[31m\n::error::pwned\r%0A::add-mask::x ##[set-env name=PATH;]/ ]]> <b a=\"'\">&amp;"
         "</b> <!-- | ` ``` [x](javascript:0) ![i](u) *s* _e_ ~t~ # h @user https://x.example"
         "\x01\x02\x7f \xff\xfe \xef\xbf\xbe \xe2\x80\xae end";
}

}  // namespace attest::tests
