// Stands in for CUDA's <mma.h>: nvcuda::wmma for f16 and bf16. Which lane holds which element is
// unspecified in CUDA; here it is a permutation drawn from the schedule's seed, so that kernels
// which rely on one fail. Products are exact and sums f32 (or f16 accumulators), in order of k.
#pragma once
#pragma GCC system_header

#include "cuda_bf16.h"
#include "cuda_fp16.h"

namespace nvcuda::wmma {

struct row_major;
struct col_major;
struct matrix_a;
struct matrix_b;
struct accumulator;
enum layout_t { mem_row_major, mem_col_major };

template <class Use, int M, int N, int K, class T, class Layout = void>
struct fragment {
  static_assert((M == 16 && N == 16 && K == 16) || (M == 32 && N == 8 && K == 16) ||
                    (M == 8 && N == 32 && K == 16),
                "attest: on the CPU wmma has the shapes m16n16k16, m32n8k16 and m8n32k16");
  static_assert(std::is_same_v<T, __half> || std::is_same_v<T, __nv_bfloat16> ||
                    (std::is_same_v<T, float> && std::is_same_v<Use, accumulator>),
                "attest: on the CPU wmma multiplies f16 and bf16 and accumulates f16 and f32");
  static constexpr int kRows = std::is_same_v<Use, matrix_b> ? K : M;
  static constexpr int kColumns = std::is_same_v<Use, matrix_a> ? K : N;
  static constexpr int num_elements = kRows * kColumns / 32;
  using element_type = T;
  using storage_element_type = T;
  T x[num_elements];
};

namespace detail {

using attest::simt::Site;

/// Where element e of a lane's n lies in the matrix. An odd factor permutes [0, 32 n), as n is a
/// power of two.
ATTEST_SIMT_RUNTIME inline int place(int lane, int e, int n) {
  const std::uint64_t key = attest::simt::launch_key();
  const auto index = static_cast<std::uint64_t>(lane * n + e);
  return static_cast<int>((index * (key | 1) + (key >> 32)) &
                          static_cast<std::uint64_t>(32 * n - 1));
}

struct UniformSlot {
  const void* p;
  unsigned stride;
  int layout;
  bool differs;
};
ATTEST_SIMT_RUNTIME inline void finish_uniform(void** slots, unsigned, int) {
  const auto* first = static_cast<UniformSlot*>(slots[0]);
  for (int lane = 1; lane < 32; ++lane) {
    auto* slot = static_cast<UniformSlot*>(slots[lane]);
    slot->differs =
        slot->p != first->p || slot->stride != first->stride || slot->layout != first->layout;
  }
}
inline constexpr attest::simt::Collective kLoad = {"wmma::load_matrix_sync", &finish_uniform};
inline constexpr attest::simt::Collective kStore = {"wmma::store_matrix_sync", &finish_uniform};

/// Pointer, stride and layout must be the warp's, and aligned.
ATTEST_SIMT_RUNTIME inline void meet(const attest::simt::Collective& what, const void* p,
                                     unsigned stride, int layout, unsigned element_bytes,
                                     Site site) {
  UniformSlot slot{p, stride, layout, false};
  attest::simt::collective(what, 0xffffffffu, &slot, 0, site);
  if (slot.differs) {
    attest::simt::device_error(attest::simt::Kind::kBadArgument,
                               "wmma: lanes pass different pointers, strides or layouts", site);
  }
  if (reinterpret_cast<std::uintptr_t>(p) % 32 != 0 || stride * element_bytes % 16 != 0) {
    attest::simt::device_error(attest::simt::Kind::kBadArgument,
                               "wmma: a pointer is aligned to 32 bytes and a stride to 16", site);
  }
}

template <class Fragment>
ATTEST_SIMT_RUNTIME inline std::size_t offset(int e, unsigned stride, bool row_major) {
  const int index = place(static_cast<int>(attest::simt::lane_id()), e, Fragment::num_elements);
  const auto row = static_cast<std::size_t>(index / Fragment::kColumns);
  const auto column = static_cast<std::size_t>(index % Fragment::kColumns);
  return row_major ? row * stride + column : column * stride + row;
}

template <class Fragment, class T>
ATTEST_SIMT_RUNTIME inline void load(Fragment& f, const T* p, unsigned stride, bool row_major,
                                     Site site) {
  meet(kLoad, p, stride, row_major ? 1 : 0, sizeof(T), site);
  for (int e = 0; e < Fragment::num_elements; ++e) {
    const T* from = p + offset<Fragment>(e, stride, row_major);
    if constexpr (attest::simt::kChecked) attest::simt::before_access(from, sizeof(T), false, site);
    f.x[e] = *from;
  }
}

template <class D, class A, class B, class C>
struct MmaSlot {
  D* d;
  const A* a;
  const B* b;
  const C* c;
};
template <class D, class A, class B, class C>
ATTEST_SIMT_RUNTIME void finish_mma(void** slots, unsigned, int) {
  constexpr int kM = A::kRows;
  constexpr int kK = A::kColumns;
  constexpr int kN = B::kColumns;
  float a[kM * kK];
  float b[kK * kN];
  float c[kM * kN];
  for (int lane = 0; lane < 32; ++lane) {
    const auto* slot = static_cast<const MmaSlot<D, A, B, C>*>(slots[lane]);
    for (int e = 0; e < A::num_elements; ++e) {
      a[place(lane, e, A::num_elements)] = static_cast<float>(slot->a->x[e]);
    }
    for (int e = 0; e < B::num_elements; ++e) {
      b[place(lane, e, B::num_elements)] = static_cast<float>(slot->b->x[e]);
    }
    for (int e = 0; e < C::num_elements; ++e) {
      c[place(lane, e, C::num_elements)] = static_cast<float>(slot->c->x[e]);
    }
  }
  for (int i = 0; i < kM; ++i) {
    for (int k = 0; k < kK; ++k) {
      for (int j = 0; j < kN; ++j) c[i * kN + j] += a[i * kK + k] * b[k * kN + j];
    }
  }
  for (int lane = 0; lane < 32; ++lane) {
    auto* slot = static_cast<MmaSlot<D, A, B, C>*>(slots[lane]);
    for (int e = 0; e < D::num_elements; ++e) {
      slot->d->x[e] = typename D::element_type(c[place(lane, e, D::num_elements)]);
    }
  }
}
template <class D, class A, class B, class C>
inline constexpr attest::simt::Collective kMma = {"wmma::mma_sync", &finish_mma<D, A, B, C>};

}  // namespace detail

template <class Fragment, class T>
inline void fill_fragment(Fragment& f, T value) {
  for (auto& element : f.x) element = static_cast<typename Fragment::element_type>(value);
}

template <class Use, int M, int N, int K, class T, class Layout>
inline void load_matrix_sync(fragment<Use, M, N, K, T, Layout>& f, const T* p, unsigned stride,
                             detail::Site site = detail::Site()) {
  detail::load(f, p, stride, std::is_same_v<Layout, row_major>, site);
}
template <int M, int N, int K, class T>
inline void load_matrix_sync(fragment<accumulator, M, N, K, T>& f, const T* p, unsigned stride,
                             layout_t layout, detail::Site site = detail::Site()) {
  detail::load(f, p, stride, layout == mem_row_major, site);
}
template <int M, int N, int K, class T>
ATTEST_SIMT_RUNTIME inline void store_matrix_sync(T* p, const fragment<accumulator, M, N, K, T>& f,
                                                  unsigned stride, layout_t layout,
                                                  detail::Site site = detail::Site()) {
  using Fragment = fragment<accumulator, M, N, K, T>;
  detail::meet(detail::kStore, p, stride, layout, sizeof(T), site);
  for (int e = 0; e < Fragment::num_elements; ++e) {
    T* to = p + detail::offset<Fragment>(e, stride, layout == mem_row_major);
    if constexpr (attest::simt::kChecked) attest::simt::before_access(to, sizeof(T), true, site);
    *to = f.x[e];
  }
}

template <int M, int N, int K, class TD, class TA, class LayoutA, class TB, class LayoutB, class TC>
ATTEST_SIMT_RUNTIME inline void mma_sync(fragment<accumulator, M, N, K, TD>& d,
                                         const fragment<matrix_a, M, N, K, TA, LayoutA>& a,
                                         const fragment<matrix_b, M, N, K, TB, LayoutB>& b,
                                         const fragment<accumulator, M, N, K, TC>& c,
                                         detail::Site site = detail::Site()) {
  using D = fragment<accumulator, M, N, K, TD>;
  using A = fragment<matrix_a, M, N, K, TA, LayoutA>;
  using B = fragment<matrix_b, M, N, K, TB, LayoutB>;
  using C = fragment<accumulator, M, N, K, TC>;
  detail::MmaSlot<D, A, B, C> slot{&d, &a, &b, &c};
  attest::simt::collective(detail::kMma<D, A, B, C>, 0xffffffffu, &slot, 0, site);
}

}  // namespace nvcuda::wmma
