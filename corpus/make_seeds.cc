// attest_make_seeds DIRECTORY: writes the seeds of real_shapes.h, one file each. Run it after a
// change of the table or of the case format; the corpus tests compare corpus/seeds/ with it.
#include <cstdio>
#include <exception>
#include <filesystem>

#include <fmt/format.h>

#include "corpus/case_file.h"
#include "corpus/real_shapes.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: attest_make_seeds DIRECTORY\n");
    return 64;
  }
  try {
    for (const auto& seed : attest::corpus::real_shapes()) {
      const std::filesystem::path file = seed.name + std::string(attest::corpus::kCaseSuffix);
      attest::corpus::save_case(seed.value, std::filesystem::path(argv[1]) / file);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "attest_make_seeds: {}\n", error.what());
    return 70;
  }
  return 0;
}
