#include "corpus/real_shapes.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "corpus/case_file.h"
#include "tests/corpus/temporary_folder.h"

namespace attest::corpus {
namespace {

namespace fs = std::filesystem;

fs::path seeds_folder() { return fs::path(ATTEST_SOURCE_DIR) / "corpus" / "seeds"; }

TEST(Seeds, AreWhatMakeSeedsWrites) {
  std::set<std::string> names;
  for (const NamedCase& seed : real_shapes()) {
    const std::string file = seed.name + std::string(kCaseSuffix);
    names.insert(file);
    EXPECT_EQ(tests::read_text(seeds_folder() / file), write_case(seed.value))
        << file << ": run attest_make_seeds corpus/seeds";
  }
  for (const fs::path& path : list_cases(seeds_folder())) {
    EXPECT_TRUE(names.contains(path.filename().string())) << path << " is not in the table";
  }
}

TEST(Seeds, AreWellFormedAndCanonical) {
  for (const fs::path& path : list_cases(seeds_folder())) {
    EXPECT_EQ(write_case(read_case(path)), tests::read_text(path)) << path;
  }
}

TEST(Seeds, ShowEveryModelAsDecodeChunkedPrefillAndMixedBatch) {
  const std::vector<NamedCase> seeds = real_shapes();
  for (const char* model : {"llama-3-8b", "llama-3-70b", "mistral-7b", "gemma-2-9b", "qwen2.5-7b",
                            "falcon-7b", "mpt-7b", "gpt-oss-20b", "deepseek-v3"}) {
    for (const char* form : {"-decode", "-chunked-prefill", "-mixed-batch"}) {
      const std::string start = std::string(model) + form;
      EXPECT_TRUE(std::any_of(seeds.begin(), seeds.end(), [&](const NamedCase& seed) {
        return seed.name.starts_with(start);
      })) << start;
    }
  }
}

TEST(Seeds, RunInSeconds) {
  for (const NamedCase& seed : real_shapes()) {
    const problem::Problem& problem = seed.value.problem();
    std::int64_t pairs = 0;
    bool decode = true;
    for (const problem::Sequence& sequence : problem.sequences) {
      pairs += sequence.q_len * sequence.kv_len;
      decode = decode && sequence.q_len == 1;
    }
    const std::int64_t products =
        pairs * problem.num_q_heads * (problem.head_dim_qk + problem.head_dim_v);
    EXPECT_LE(products, decode ? 40'000'000 : 13'000'000) << seed.name;
  }
}

TEST(Seeds, WithAWindowHaveAKeyOutsideOfIt) {
  for (const NamedCase& seed : real_shapes()) {
    const problem::Problem& problem = seed.value.problem();
    if (!problem.mask.window_left) continue;
    EXPECT_GT(problem.max_kv_len(), *problem.mask.window_left + 1) << seed.name;
  }
}

TEST(Seeds, OfChunkedPrefillStartInsideThePrompt) {
  for (const NamedCase& seed : real_shapes()) {
    if (seed.name.find("chunked-prefill") == std::string::npos) continue;
    for (const problem::Sequence& sequence : seed.value.problem().sequences) {
      EXPECT_GT(sequence.first_position(), 0) << seed.name;
    }
  }
}

}  // namespace
}  // namespace attest::corpus
