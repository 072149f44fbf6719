// What --property and --corpus mean. (--kernel: kernels::find_kernels.)
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/kernel_info.h"
#include "properties/property.h"

namespace attest::campaign {

/// kernels::find_kernels; an unknown name is the user's mistake.
/// Throws: UsageError, PluginError.
std::vector<kernels::KernelInfo> select_kernels(std::span<const std::string> arguments);

/// The id matches the glob (*, ?, [...]), or the glob names its family.
bool property_matches(const std::string& glob, std::string_view id);

/// Properties whose ids match one of the globs (*, ?, [...]) or name their family; all without
/// globs. Throws: UsageError for a glob that matches none.
std::vector<const properties::Property*> select_properties(std::span<const std::string> globs);

/// The corpus that belongs to this build: ./corpus if it has seeds or regressions, else the one of
/// the source tree if that is still there.
std::optional<std::filesystem::path> default_corpus();

/// The case files of a corpus, none when there is no such folder (yet).
/// Throws: UsageError when `corpus` is something else than a folder; CorpusError when it may not be
/// read.
std::vector<std::filesystem::path> corpus_files(const std::filesystem::path& corpus);

}  // namespace attest::campaign
