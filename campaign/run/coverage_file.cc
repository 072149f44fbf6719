#include "campaign/run/coverage_file.h"

#include <algorithm>
#include <cstddef>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "campaign/path_text.h"
#include "corpus/file_io.h"
#include "corpus/json_field.h"
#include "problem/text.h"
#include "properties/labels.h"

namespace attest::campaign {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kCoverageFormat = 1;
constexpr std::size_t kMaxLabelName = 400;
constexpr std::size_t kMaxCoverageBytes = std::size_t{256} << 20;

std::vector<std::string> label_names() {
  std::vector<std::string> names;
  for (const properties::Label& label : properties::all_labels()) names.push_back(name_of(label));
  return names;
}

}  // namespace

std::vector<MetLabels> met_labels(const CoverageMap& map,
                                  const std::vector<kernels::KernelInfo>& kernels) {
  const std::vector<std::string> names = label_names();
  const std::vector<properties::LabelSet> wanted = wanted_anywhere(kernels);
  std::vector<MetLabels> met;
  for (std::size_t kernel = 0; kernel < kernels.size(); ++kernel) {
    MetLabels& of_kernel = met.emplace_back();
    of_kernel.kernel = problem::printable(kernels[kernel].name, kMaxLabelName - 4);
    for (std::size_t a = 0; a < names.size(); ++a) {
      if (!map.seen(kernel, a, a)) continue;
      if (wanted[a][a]) of_kernel.labels.insert(names[a]);
      for (std::size_t b = a + 1; b < names.size(); ++b) {
        if (wanted[a][b] && map.seen(kernel, a, b)) of_kernel.pairs[names[a]].insert(names[b]);
      }
    }
  }
  return met;
}

void add_to(const CoverageMap& map, const std::vector<kernels::KernelInfo>& kernels,
            const std::vector<MetLabels>& met) {
  std::unordered_map<std::string, std::size_t> numbers;
  for (const std::string& name : label_names()) numbers.emplace(name, numbers.size());
  const auto add = [&](std::size_t kernel, const std::string& a, const std::string& b) {
    const auto first = numbers.find(a);
    const auto second = numbers.find(b);
    if (first == numbers.end() || second == numbers.end()) return;
    properties::LabelSet both;
    both.set(first->second);
    both.set(second->second);
    map.add(kernel, both);
  };
  for (const MetLabels& of_kernel : met) {
    for (std::size_t kernel = 0; kernel < kernels.size(); ++kernel) {
      if (problem::printable(kernels[kernel].name, kMaxLabelName - 4) != of_kernel.kernel) continue;
      for (const std::string& label : of_kernel.labels) add(kernel, label, label);
      for (const auto& [a, others] : of_kernel.pairs) {
        for (const std::string& b : others) add(kernel, a, b);
      }
    }
  }
}

void merge_met(std::vector<MetLabels>& all, const std::vector<MetLabels>& more) {
  for (const MetLabels& of_kernel : more) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const MetLabels& known) {
      return known.kernel == of_kernel.kernel;
    });
    if (found == all.end()) {
      all.push_back(of_kernel);
      continue;
    }
    found->labels.insert(of_kernel.labels.begin(), of_kernel.labels.end());
    for (const auto& [a, others] : of_kernel.pairs) {
      found->pairs[a].insert(others.begin(), others.end());
    }
  }
}

MetCounts count_met(const std::vector<MetLabels>& met) {
  MetLabels anywhere;
  for (const MetLabels& of_kernel : met) {
    anywhere.labels.insert(of_kernel.labels.begin(), of_kernel.labels.end());
    for (const auto& [a, others] : of_kernel.pairs) {
      anywhere.pairs[a].insert(others.begin(), others.end());
    }
  }
  MetCounts counts;
  counts.labels = static_cast<std::int64_t>(anywhere.labels.size());
  for (const auto& [a, others] : anywhere.pairs) {
    counts.pairs += static_cast<std::int64_t>(others.size());
  }
  return counts;
}

std::string write_coverage(const std::vector<MetLabels>& met) {
  Json document = {{"attest_coverage", kCoverageFormat}, {"kernels", Json::array()}};
  for (const MetLabels& of_kernel : met) {
    Json kernel = {{"name", of_kernel.kernel}, {"labels", of_kernel.labels}};
    kernel["pairs"] = Json::object();
    for (const auto& [a, others] : of_kernel.pairs) kernel["pairs"][a] = others;
    document["kernels"].push_back(std::move(kernel));
  }
  return document.dump(1) + "\n";
}

std::vector<MetLabels> parse_coverage(std::string_view text, const std::string& path) {
  const nlohmann::json document = corpus::parse_json(text, path);
  const corpus::Field root(document, path);
  root.expect_keys({"attest_coverage", "kernels"});
  root.member("attest_coverage").integer(kCoverageFormat, kCoverageFormat);
  const auto read_names = [](const corpus::Field& list, std::set<std::string>& names) {
    for (std::size_t i = 0; i < list.list_size(); ++i) {
      if (!names.insert(list.element(i).text(kMaxLabelName)).second) {
        list.element(i).fail_because("comes twice");
      }
    }
  };
  std::vector<MetLabels> met;
  const corpus::Field kernels = root.member("kernels");
  for (std::size_t i = 0; i < kernels.list_size(); ++i) {
    const corpus::Field kernel = kernels.element(i);
    kernel.expect_keys({"name", "labels", "pairs"});
    MetLabels& of_kernel = met.emplace_back();
    of_kernel.kernel = kernel.member("name").text(kMaxLabelName);
    read_names(kernel.member("labels"), of_kernel.labels);
    const corpus::Field pairs = kernel.member("pairs");
    for (const std::string& a : pairs.keys(kMaxLabelName)) {
      read_names(pairs.member(a), of_kernel.pairs[a]);
    }
  }
  return met;
}

std::vector<MetLabels> read_coverage(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kCoverageFile;
  return parse_coverage(corpus::read_regular_file(path, kMaxCoverageBytes), path_text(path));
}

void save_coverage(const std::vector<MetLabels>& met, const std::filesystem::path& folder) {
  corpus::write_file_atomically(folder / kCoverageFile, write_coverage(met));
}

}  // namespace attest::campaign
