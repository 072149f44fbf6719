#include "campaign/run/file_hash.h"

#include <array>
#include <fstream>
#include <memory>
#include <xxhash.h>

#include <fmt/format.h>

#include "campaign/path_text.h"
#include "problem/errors.h"

namespace attest::campaign {
namespace {

std::string hex(const XXH128_hash_t& hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace

std::string file_hash(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const auto fail = [&] { throw SystemError(path_text(path) + ": cannot be read"); };
  if (!file) fail();
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       &XXH3_freeState);
  XXH3_128bits_reset(state.get());
  std::array<char, 1 << 16> bytes;
  while (file.read(bytes.data(), bytes.size()) || file.gcount() > 0) {
    XXH3_128bits_update(state.get(), bytes.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) fail();
  return hex(XXH3_128bits_digest(state.get()));
}

std::string files_hash(const std::vector<std::filesystem::path>& paths) {
  if (paths.empty()) return {};
  std::string all;
  for (const std::filesystem::path& path : paths) {
    all += path.filename().string() + '\0' + file_hash(path);
  }
  return hex(XXH3_128bits(all.data(), all.size()));
}

}  // namespace attest::campaign
