// Reports for machines, each from nothing but the record of a run. Names and messages in a record
// are untrusted: each report escapes them for its own readers.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "campaign/run/record.h"

namespace attest::campaign {

/// JUnit: a suite per kernel, a test per property and stored case. Tests name the file and line of
/// their property; what a waiver covers is skipped with its reason; a run that did not end, and a
/// kernel of which nothing was judged, have an error of their own.
std::string junit_xml(const RunRecord& record);

/// Annotations of GitHub, a line each: one error per signature that no waiver covers, one per
/// failing stored case, warnings for waived ones, for waivers that want attention and for a run
/// that did not end.
std::string github_annotations(const RunRecord& record);

/// `text` so that no line of it is a command to GitHub: printed as it is, a kernel called
/// "::error::" would be one.
std::string without_commands(std::string_view text);

/// A page of Markdown for GitHub's step summary.
std::string summary_markdown(const RunRecord& record);

/// A table with a row per kernel, a line per failure and what waivers say: for people, on a
/// terminal.
std::string record_text(const RunRecord& record);

/// The end of a text for people: failures that waivers cover, and waivers that want attention.
std::string waivers_text(const RunRecord& record);

/// What of all this lies in a run folder: junit.xml. Throws: SystemError.
void write_reports(const RunRecord& record, const std::filesystem::path& folder);

/// Appends `markdown` to the file that GITHUB_STEP_SUMMARY names. Throws: SystemError.
void append_summary(const std::string& markdown, const std::filesystem::path& file);

}  // namespace attest::campaign
