// attest_simt_rewrite INPUT OUTPUT: rewrites one CUDA source or header for the CPU. On an error it
// says "file:line: what", writes nothing and exits with 1.
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>

#include "kernels/simt/rewrite/rewrite.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: attest_simt_rewrite INPUT OUTPUT\n";
    return 64;
  }
  try {
    std::ifstream in(argv[1], std::ios::binary);
    std::ostringstream source;
    source << in.rdbuf();
    if (!in) {
      std::cerr << argv[1] << ": cannot be read\n";
      return 1;
    }
    const std::string rewritten = attest::simt::rewrite::rewrite(source.str(), argv[1]);
    std::ofstream out(argv[2], std::ios::binary);
    out << rewritten;
    out.close();
    if (!out) {
      std::cerr << argv[2] << ": cannot be written\n";
      std::remove(argv[2]);
      return 1;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
