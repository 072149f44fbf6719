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

# Rewritten headers lie in one folder; this one has it under the path that they are included by.
function(attest_rewritten_cuda_root name out)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name}.simt)
  file(MAKE_DIRECTORY ${folder}/root/kernels)
  file(CREATE_LINK ${folder} ${folder}/root/kernels/cuda SYMBOLIC)
  set(${out} ${folder}/root PARENT_SCOPE)
endfunction()

function(attest_add_builtin_cuda name)
  cmake_parse_arguments(arg "" "EXPORT" "SOURCES" ${ARGN})
  attest_rewritten_cuda_root(${name} rewritten)
  attest_include_root(kernels root)
  attest_add_cuda_kernel(${name}
    SOURCES ${arg_SOURCES}
    HEADERS ${ATTEST_CUDA_HEADERS}
    INCLUDES ${root}
    MODES plain check
    EXPORTS ${arg_EXPORT})
  foreach(mode plain check)  # nvcc takes the headers as they are
    target_include_directories(${name}_${mode}_objects BEFORE PRIVATE ${rewritten})
  endforeach()
  target_link_libraries(attest_kernels PRIVATE ${name}_plain ${name}_check)
endfunction()
