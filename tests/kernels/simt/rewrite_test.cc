// The rewriter: what it makes of CUDA's own syntax, and what it refuses.
#include "kernels/simt/rewrite/rewrite.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "kernels/simt/rewrite/lexer.h"

namespace attest::simt::rewrite {
namespace {

constexpr const char* kHead = "#include <cuda_runtime.h>\n#line 1 \"k.cu\"\n";

std::string body(const std::string& statement) { return "void f() { " + statement + " }"; }

std::string rewritten(const std::string& statement) {
  const std::string all = rewrite(body(statement), "k.cu");
  const std::string begin = kHead + std::string("void f() { ");
  EXPECT_EQ(all.compare(0, begin.size(), begin), 0) << all;
  return all.substr(begin.size(), all.size() - begin.size() - 2);
}

std::string error_of(const std::string& source) {
  try {
    rewrite(source, "k.cu");
  } catch (const RewriteError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Rewrite, LeavesOrdinarySourceAlone) {
  const std::string source =
      "// a comment with __shared__ and <<<\n#define X __shared__\nconst char* s = \"<<<1, "
      "2>>>\";\n"
      "auto r = R\"x(__shared__ \" )x\";\nint a = b << 3 >> 1; char c = '\\'';\n";
  EXPECT_EQ(rewrite(source, "k.cu"), kHead + source);
}

TEST(Rewrite, SharedVariables) {
  EXPECT_EQ(rewritten("__shared__ float x;"),
            "auto& x = ::attest::simt::shared_variable<float >([] {});");
  EXPECT_EQ(rewritten("__shared__ float tile[M][N + 1], sum;"),
            "auto& tile = ::attest::simt::shared_variable<float [(M)][(N + 1)]>([] {});"
            "auto& sum = ::attest::simt::shared_variable<float >([] {});");
}

TEST(Rewrite, SharedVariablesOfTemplateTypesWithCommas) {
  EXPECT_EQ(rewritten("__shared__ Pair<float, Vec<int, 4>> p[N > 2 ? N : 2];"),
            "auto& p = ::attest::simt::shared_variable<Pair < float , Vec < int , 4 > > "
            "[(N > 2 ? N : 2)]>([] {});");
}

TEST(Rewrite, AlignmentAndStorageOfSharedVariablesAreDropped) {
  const std::string expected = "auto& x = ::attest::simt::shared_variable<float [(4)]>([] {});";
  EXPECT_EQ(rewritten("__shared__ __align__(16) float x[4];"), expected);
  EXPECT_EQ(rewritten("static __shared__ float x[4];"), expected);
  EXPECT_EQ(rewritten("__shared__ alignas(sizeof(float) * 4) float x[4];"), expected);
  EXPECT_EQ(rewritten("__shared__ volatile float x[4];"),
            "auto& x = ::attest::simt::shared_variable<volatile float [(4)]>([] {});");
}

TEST(Rewrite, DynamicSharedMemory) {
  const std::string expected =
      "auto* const s = static_cast<char*>(::attest::simt::dynamic_shared());";
  EXPECT_EQ(rewritten("extern __shared__ char s[];"), expected);
  EXPECT_EQ(rewritten("extern __shared__ __align__(16) char s[];"), expected);
}

TEST(Rewrite, Launches) {
  EXPECT_EQ(rewritten("k<<<g, b>>>(x, y);"),
            "::attest::simt::launch_kernel(::attest::simt::configure(g, b), "
            "[=](auto... attest_simt_a) { k(attest_simt_a...); }, x, y);");
  EXPECT_EQ(rewritten("n::k<T, 4><<<dim3(1, 2), 32, f(1, 2), stream>>>();"),
            "::attest::simt::launch_kernel(::attest::simt::configure(dim3(1, 2), 32, f(1, 2), "
            "stream), [=](auto... attest_simt_a) { n::k<T, 4>(attest_simt_a...); });");
  EXPECT_EQ(rewritten("if (a) ::k<Vec<int>> <<<1, 2>>> (x);"),
            "if (a) ::attest::simt::launch_kernel(::attest::simt::configure(1, 2), "
            "[=](auto... attest_simt_a) { ::k<Vec<int>> (attest_simt_a...); }, x);");
  EXPECT_EQ(rewritten("(pick(1))<<<1, 2>>>(x);"),
            "::attest::simt::launch_kernel(::attest::simt::configure(1, 2), "
            "[=](auto... attest_simt_a) { (pick(1))(attest_simt_a...); }, x);");
}

TEST(Rewrite, EverythingKeepsItsLine) {
  const std::string source =
      "void f() {\n  __shared__ float\n    a[2], // two\n    b;\n"
      "  k<<<1,\n      2>>>(x, /* one\n two */ y);\n  MARK;\n}\n";
  const std::string all = rewrite(source, "k.cu");
  const auto line_of = [](const std::string& text) {
    return std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(text.find("MARK")),
                      '\n');
  };
  EXPECT_EQ(line_of(all), line_of(source) + 2) << all;  // two lines come before it
}

TEST(Rewrite, InlinePtxIsAnErrorOnlyWhereItIsCompiled) {
  const std::string text = rewritten("asm volatile(\"mov.u32 %0, %1;\" : \"=r\"(a) : \"r\"(b));");
  EXPECT_EQ(text.find("static_assert(false, \"attest: inline PTX"), 0u) << text;
  EXPECT_EQ(text.back(), ';');
}

TEST(Rewrite, WhatCannotBeRewrittenIsRefusedWithItsLine) {
  EXPECT_EQ(error_of("\n\n__shared__ int a;\n").find("k.cu:3: __shared__ outside of a function"),
            0u);
  EXPECT_EQ(error_of(body("\n__shared__ int a = 3;")).find("k.cu:2: write __shared__ TYPE"), 0u);
  EXPECT_EQ(error_of(body("__shared__ int a[];")).find("k.cu:1: a __shared__ array without a size"),
            0u);
  EXPECT_EQ(error_of(body("__shared__ int a")).find("k.cu:1: a __shared__ declaration without"),
            0u);
  EXPECT_EQ(error_of(body("k<<<1, 2(x);")).find("k.cu:1: <<< without its >>>"), 0u);
  EXPECT_EQ(error_of(body("k<<<1, 2>>>;")).find("k.cu:1: a launch without its arguments"), 0u);
  EXPECT_EQ(error_of(body("3<<<1, 2>>>(x);")).find("k.cu:1: before <<< comes"), 0u);
  EXPECT_EQ(error_of("__managed__ int a;").find("k.cu:1: __managed__"), 0u);
  EXPECT_EQ(error_of("void __cluster_dims__(2) k();").find("k.cu:1: clusters"), 0u);
}

TEST(Lexer, TokensAreTheSourceAgain) {
  for (const std::string source : {"a <<<b>>> c->d::e // x\n", "#if 1 \\\n 2\nint i = 0x1p-3'0;",
                                   "\"open", "/* open", "R\"(x", "'\\''\"\\\\\" .5f #"}) {
    std::string joined;
    for (const Token& token : tokenise(source)) joined += token.text;
    EXPECT_EQ(joined, source);
  }
}

}  // namespace
}  // namespace attest::simt::rewrite
