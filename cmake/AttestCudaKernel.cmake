# attest_add_cuda_kernel(<name> SOURCES <file.cu>... [HEADERS <file.cuh>...] [HEADERS_UNDER <path>]
#                        [INCLUDES <folder>...] [DEFINES <definition>...] [MODES plain|asan|check...] [EXPORTS <symbol>...])
# compiles unchanged CUDA sources to run on the CPU, in up to three modes, and with nvcc where there
# is one:
#   <name>_plain  as fast as it goes: for many cases under many schedules
#   <name>_asan   with AddressSanitizer and UBSan: for programs that are built with them
#   <name>_check  with every memory access looked at: finds races, uninitialised reads, out of bounds
#   <name>_cuda   for the GPU; only where a CUDA compiler was found (ATTEST_HAVE_CUDA)
# Link one of them to a program or library: target_link_libraries(mine PRIVATE <name>_check).
#
# HEADERS: headers that declare __shared__ variables or launch kernels; others are found as usual.
# HEADERS_UNDER: the path that they are included by, "mine/kernels" for #include "mine/kernels/a.cuh".
# ATTEST_CUDA_MODE is defined as the mode.
# EXPORTS: functions (extern "C") that get the mode appended to their names, f_check() and so on, and
# everything else of the sources becomes local to them. That is how several modes of one kernel go
# into one program; without it they would share templates and inline functions, and so be mixed up.
#
# From another project:
#   include(<attest>/cmake/AttestCudaKernel.cmake)     # at the top of its CMakeLists.txt
# Set ATTEST_CUDA to OFF to leave nvcc alone, ATTEST_SIMT_FLAGS to compile kernels with other flags.

get_filename_component(ATTEST_SIMT_ROOT ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)

if(NOT DEFINED ATTEST_HAVE_CUDA)
  if(NOT DEFINED ATTEST_CUDA)
    set(ATTEST_CUDA AUTO)
  endif()
  include(${CMAKE_CURRENT_LIST_DIR}/AttestCuda.cmake)
endif()
if(ATTEST_HAVE_CUDA)
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 90)
  endif()
  enable_language(CUDA)
  # CMake 3.25 does not know that nvcc 13 has C++20.
  if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
  endif()
endif()

# fmaf() in one instruction where this machine has it: a call into libm doubles a kernel's time. The
# result is the same.
if(NOT DEFINED ATTEST_SIMT_FLAGS)
  include(CheckCXXSourceRuns)
  check_cxx_source_runs("int main() { return __builtin_cpu_supports(\"fma\") ? 0 : 1; }"
                        ATTEST_SIMT_FMA)
  set(flags "")
  if(ATTEST_SIMT_FMA)
    set(flags -mfma)
  endif()
  set(ATTEST_SIMT_FLAGS "${flags}" CACHE STRING "How kernels for the CPU are compiled, in addition")
endif()

# GNU's: with clang CMake names lld, which joins objects but knows no group allocation, and
# llvm-objcopy, which looks at the symbols to keep before it renames them.
find_program(ATTEST_LD NAMES ld.bfd ld REQUIRED)
find_program(ATTEST_OBJCOPY NAMES objcopy REQUIRED)

if(NOT TARGET attest_simt)
  add_subdirectory(${ATTEST_SIMT_ROOT}/kernels/simt ${CMAKE_BINARY_DIR}/attest_simt)
endif()

# Sanitizers of the whole project do not go with mode check; kernels pun types as nvcc lets them.
set(ATTEST_SIMT_FLAGS_common
  -ffp-contract=off -fno-strict-aliasing -Wno-unknown-pragmas
  # clang takes `#pragma unroll` at its word: code for a GPU then takes five times as long to compile.
  "$<$<CXX_COMPILER_ID:Clang>:SHELL:-mllvm -pragma-unroll-threshold=1 -Wno-pass-failed>"
  $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
set(ATTEST_SIMT_FLAGS_plain -O2 -g1)
get_property(ATTEST_SIMT_ONE_STACK GLOBAL PROPERTY ATTEST_SIMT_ONE_STACK)
if(ATTEST_SANITIZE)
  # Plain is plain: clang takes five times as long for large kernels with both sanitizers. Mode asan
  # is there for what they find.
  list(APPEND ATTEST_SIMT_FLAGS_plain ${ATTEST_SIMT_ONE_STACK} -fno-sanitize=all)
endif()
set(ATTEST_SIMT_FLAGS_asan -O1 -g1 -fsanitize=address,undefined -fsanitize-recover=all
  $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function> ${ATTEST_SIMT_ONE_STACK})
# clang looks at accesses after it has made vectors of them, and passes over those of 32 bytes.
set(ATTEST_SIMT_FLAGS_check -O2 -g1 -gdwarf-4 -fno-sanitize=all -fsanitize=thread
  -fno-tree-vectorize -fno-tree-slp-vectorize)
set(ATTEST_SIMT_LINK_asan -fsanitize=address,undefined)

# Rewrites a source or header into `folder` and appends the result to the list `out`.
function(attest_simt_rewrite_file file folder suffix out)
  get_filename_component(path ${file} ABSOLUTE)
  get_filename_component(base ${file} NAME)
  set(result ${folder}/${base}${suffix})
  add_custom_command(OUTPUT ${result}
    COMMAND attest_simt_rewrite ${path} ${result}
    DEPENDS ${path} attest_simt_rewrite
    COMMENT "Rewriting ${base} for the CPU" VERBATIM)
  set(${out} ${${out}} ${result} PARENT_SCOPE)
endfunction()

function(attest_simt_add_mode name mode)
  cmake_parse_arguments(arg "" "" "GENERATED;INCLUDES;DEFINES;EXPORTS" ${ARGN})
  set(objects ${name}_${mode}_objects)
  add_library(${objects} OBJECT EXCLUDE_FROM_ALL ${arg_GENERATED})
  target_compile_features(${objects} PRIVATE cxx_std_20)
  target_compile_definitions(${objects} PRIVATE ATTEST_CUDA_MODE=${mode} ${arg_DEFINES})
  target_compile_options(${objects} PRIVATE
    ${ATTEST_SIMT_FLAGS_common} ${ATTEST_SIMT_FLAGS} ${ATTEST_SIMT_FLAGS_${mode}})
  # As with nvcc every source is a translation unit of its own, whatever CMAKE_UNITY_BUILD says.
  set_target_properties(${objects} PROPERTIES POSITION_INDEPENDENT_CODE ON UNITY_BUILD OFF)
  get_target_property(root attest_simt INTERFACE_INCLUDE_DIRECTORIES)
  target_include_directories(${objects} BEFORE PRIVATE
    ${arg_INCLUDES} ${ATTEST_SIMT_ROOT}/kernels/simt/compat
    ${ATTEST_SIMT_ROOT}/kernels/simt/include ${root})

  # One object, in which calls of memcpy go to the checker, and symbols are renamed and hidden.
  set(edits "")
  if(mode STREQUAL "check")
    foreach(function memcpy memmove memset)
      list(APPEND edits --redefine-sym ${function}=attest_simt_${function})
    endforeach()
  endif()
  set(group "")
  if(arg_EXPORTS)
    set(group --force-group-allocation)
    foreach(symbol IN LISTS arg_EXPORTS)
      list(APPEND edits --redefine-sym ${symbol}=${symbol}_${mode} --keep-global-symbol ${symbol}_${mode})
    endforeach()
  endif()
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.simt/${name}_${mode}.o)
  add_custom_command(OUTPUT ${object}
    COMMAND ${ATTEST_LD} -r ${group} -o ${object} $<TARGET_OBJECTS:${objects}>
    COMMAND ${ATTEST_OBJCOPY} ${edits} ${object}
    DEPENDS ${objects} $<TARGET_OBJECTS:${objects}>
    COMMAND_EXPAND_LISTS COMMENT "Joining ${name}_${mode}" VERBATIM)
  add_custom_target(${name}_${mode}_object DEPENDS ${object})
  add_library(${name}_${mode} INTERFACE)
  add_dependencies(${name}_${mode} ${name}_${mode}_object)
  target_sources(${name}_${mode} INTERFACE ${object})
  target_link_libraries(${name}_${mode} INTERFACE attest_simt)
  target_link_options(${name}_${mode} INTERFACE ${ATTEST_SIMT_LINK_${mode}})
endfunction()

function(attest_add_cuda_kernel name)
  cmake_parse_arguments(
    arg "" "HEADERS_UNDER" "SOURCES;HEADERS;INCLUDES;DEFINES;MODES;EXPORTS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR
      "attest_add_cuda_kernel(${name}): no SOURCES, or stray ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_MODES)
    set(arg_MODES plain asan check)
  endif()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name}.simt)
  # Where the compiler finds them: under another name ninja would not know that they were rewritten.
  cmake_path(APPEND folder "${arg_HEADERS_UNDER}" OUTPUT_VARIABLE header_folder)
  file(MAKE_DIRECTORY ${folder} ${header_folder})
  set(sources "")
  set(headers "")
  set(own_folders "")
  foreach(file IN LISTS arg_SOURCES)
    attest_simt_rewrite_file(${file} ${folder} .cc sources)
    get_filename_component(path ${file} ABSOLUTE)
    get_filename_component(path ${path} DIRECTORY)
    list(APPEND own_folders ${path})
  endforeach()
  foreach(file IN LISTS arg_HEADERS)
    attest_simt_rewrite_file(${file} ${header_folder} "" headers)
  endforeach()
  list(REMOVE_DUPLICATES own_folders)
  # The modes share the rewritten files: without this, Makefiles would write them once for each.
  add_custom_target(${name}_rewritten DEPENDS ${sources} ${headers})

  foreach(mode IN LISTS arg_MODES)
    if(NOT mode MATCHES "^(plain|asan|check)$")
      message(FATAL_ERROR "attest_add_cuda_kernel(${name}): no mode ${mode}")
    endif()
    attest_simt_add_mode(${name} ${mode} GENERATED ${sources} EXPORTS ${arg_EXPORTS}
      INCLUDES ${folder} ${own_folders} ${arg_INCLUDES} DEFINES ${arg_DEFINES})
    add_dependencies(${name}_${mode}_objects ${name}_rewritten)
  endforeach()

  if(ATTEST_HAVE_CUDA)
    add_library(${name}_cuda OBJECT EXCLUDE_FROM_ALL ${arg_SOURCES})
    set_source_files_properties(${arg_SOURCES} PROPERTIES LANGUAGE CUDA)
    set_target_properties(${name}_cuda PROPERTIES CUDA_STANDARD 20 CUDA_EXTENSIONS OFF)
    list(TRANSFORM arg_EXPORTS REPLACE "(.+)" "\\1=\\1_cuda" OUTPUT_VARIABLE renamed)
    target_compile_definitions(${name}_cuda PRIVATE
      ATTEST_CUDA_MODE=cuda ${arg_DEFINES} ${renamed})
    target_include_directories(${name}_cuda PRIVATE
      ${own_folders} ${arg_INCLUDES} ${ATTEST_SIMT_ROOT}/kernels/simt/include)
    set_target_properties(${name}_cuda PROPERTIES POSITION_INDEPENDENT_CODE ON)
  endif()
endfunction()
