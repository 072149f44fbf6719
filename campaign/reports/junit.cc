// junit.xml.
#include <algorithm>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "campaign/reports/outcome.h"
#include "campaign/reports/reports.h"
#include "problem/text.h"
#include "properties/property.h"

namespace attest::campaign {
namespace {

/// For XML: two characters that are harmless on a terminal are forbidden there.
std::string for_xml(std::string text) {
  for (const auto& [forbidden, shown] :
       {std::pair{"\xef\xbf\xbe", "\\ufffe"}, std::pair{"\xef\xbf\xbf", "\\uffff"}}) {
    for (std::size_t at = 0; (at = text.find(forbidden, at)) != std::string::npos;) {
      text.replace(at, 3, shown);
    }
  }
  return text;
}

void set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name) = for_xml(value).c_str();
}

struct SuiteTally {
  std::int64_t tests = 0, failures = 0, errors = 0, skipped = 0;

  void add(const SuiteTally& more) {
    tests += more.tests;
    failures += more.failures;
    errors += more.errors;
    skipped += more.skipped;
  }
  void write_to(pugi::xml_node node) const {
    node.append_attribute("tests") = static_cast<long long>(tests);
    node.append_attribute("failures") = static_cast<long long>(failures);
    node.append_attribute("errors") = static_cast<long long>(errors);
    node.append_attribute("skipped") = static_cast<long long>(skipped);
  }
};

std::string joined(const std::vector<std::string>& lines) {
  return fmt::format("{}", fmt::join(lines, "\n"));
}

void add_test(pugi::xml_node suite, const Check& check, SuiteTally& tally) {
  pugi::xml_node test = suite.append_child("testcase");
  ++tally.tests;
  set(test, "name",
      check.stored.empty() ? check.property : check.property + ", stored case " + check.stored);
  set(test, "classname", check.kernel);
  if (const properties::Property* property = properties::find_property(check.property)) {
    set(test, "file", properties::source_file(*property));
    test.append_attribute("line") = property->line;
  }
  test.append_attribute("assertions") = static_cast<long long>(check.judged);
  const auto text = [](pugi::xml_node node, const std::string& content) {
    if (!content.empty()) node.append_child(pugi::node_pcdata).set_value(for_xml(content).c_str());
  };
  switch (check.outcome) {
    case Outcome::kHolds:
      break;
    case Outcome::kFails: {
      ++tally.failures;
      pugi::xml_node failure = test.append_child("failure");
      set(failure, "message", check.message);
      set(failure, "type", check.kind);
      text(failure, joined(check.details));
      return;
    }
    case Outcome::kWaived:
      ++tally.skipped;
      set(test.append_child("skipped"), "message", "waived: " + check.waiver);
      break;
    case Outcome::kNotJudged:
      ++tally.skipped;
      set(test.append_child("skipped"), "message", check.message);
      break;
  }
  if (!check.details.empty()) text(test.append_child("system-out"), joined(check.details));
}

}  // namespace

std::string junit_xml(const RunRecord& record) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node root = document.append_child("testsuites");
  root.append_attribute("name") = "attest";
  SuiteTally all;

  std::vector<std::pair<std::string, std::vector<Check>>> suites;  // kernels in their order
  for (const Check& check : checks_of(record)) {
    const std::string name = check.kernel.empty() ? "stored cases" : check.kernel;
    auto found = std::find_if(suites.begin(), suites.end(),
                              [&](const auto& suite) { return suite.first == name; });
    if (found == suites.end()) found = suites.insert(suites.end(), {name, {}});
    found->second.push_back(check);
  }
  const std::vector<std::string> open = left_open(record);
  if (!open.empty()) suites.push_back({"attest", {}});
  for (const auto& [name, checks] : suites) {
    pugi::xml_node suite = root.append_child("testsuite");
    set(suite, "name", name);
    set(suite, "timestamp", record.started);
    pugi::xml_node properties = suite.append_child("properties");
    for (const auto& [key, value] :
         {std::pair{"version", record.identity.version}, std::pair{"host", record.host},
          std::pair{"seed", fmt::format("{}", record.identity.seed)}}) {
      pugi::xml_node property = properties.append_child("property");
      set(property, "name", key);
      set(property, "value", problem::printable(value, 400));
    }
    SuiteTally tally;
    for (const Check& check : checks) add_test(suite, check, tally);
    if (checks.empty()) {  // the suite of the run itself
      for (const std::string& reason : open) {
        pugi::xml_node test = suite.append_child("testcase");
        set(test, "name", reason);
        set(test, "classname", "attest");
        set(test.append_child("error"), "message", reason);
        ++tally.tests;
        ++tally.errors;
      }
    }
    tally.write_to(suite);
    all.add(tally);
  }
  all.write_to(root);
  set(root, "time", fmt::format("{:.3f}", static_cast<double>(record.totals.elapsed_ms) / 1000.0));
  std::ostringstream text;
  document.save(text, " ", pugi::format_indent | pugi::format_skip_control_chars,
                pugi::encoding_utf8);
  return text.str();
}

}  // namespace attest::campaign
