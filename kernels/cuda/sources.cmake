# The CUDA kernels, correct and planted, in every mode of their build. Paths relative to kernels/.
set(ATTEST_CUDA_HEADERS
  cuda/append.cuh
  cuda/build.cuh
  cuda/call.cuh
  cuda/declare.cuh
  cuda/dense.cuh
  cuda/elements.cuh
  cuda/flash_prefill.cuh
  cuda/flash_prefill_mma.cuh
  cuda/flash_warp.cuh
  cuda/kernels.cuh
  cuda/kv_rows.cuh
  cuda/merge.cuh
  cuda/mla_decode.cuh
  cuda/mma_tiles.cuh
  cuda/paged_attention_v1.cuh
  cuda/paged_attention_v2.cuh
  cuda/reduce.cuh
  cuda/split_decode.cuh)
set(ATTEST_CUDA_SOURCES
  cuda/append.cu
  cuda/dense.cu
  cuda/flash_prefill.cu
  cuda/flash_prefill_mma.cu
  cuda/kernels.cu
  cuda/merge.cu
  cuda/mla_decode.cu
  cuda/paged_attention_v1.cu
  cuda/paged_attention_v2.cu
  cuda/split_decode.cu)
set(ATTEST_PLANTED_CUDA_SOURCES
  planted/cuda/flash_prefill.cu
  planted/cuda/kernels.cu
  planted/cuda/others.cu
  planted/cuda/paged_attention.cu)

function(attest_add_builtin_cuda name)
  cmake_parse_arguments(arg "" "EXPORT" "SOURCES" ${ARGN})
  attest_include_root(kernels root)
  attest_add_cuda_kernel(${name}
    SOURCES ${arg_SOURCES}
    HEADERS ${ATTEST_CUDA_HEADERS}
    HEADERS_UNDER kernels/cuda
    INCLUDES ${root}
    MODES plain check
    EXPORTS ${arg_EXPORT})
  target_link_libraries(attest_kernels PRIVATE ${name}_plain ${name}_check)
endfunction()
