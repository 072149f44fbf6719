# One target per folder, and a folder sees only the folders it may use.
#
# All headers are included by their path from the repository root ("problem/dtype.h"), but the root
# is on nobody's include path. Each folder has an include root of its own,
# build/<preset>/include/<folder>/, which holds nothing but a link to that folder; a target sees its
# own root and those of the folders it links. So #include "oracle/..." in kernels/ finds no file.

# Sets `out` to the include root of a folder at the top of the repository.
function(attest_include_root folder out)
  set(root ${PROJECT_BINARY_DIR}/include/${folder})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${root}/${folder} SYMBOLIC)
  set(${out} ${root} PARENT_SCOPE)
endfunction()

# attest_folder(<folder> SOURCES <file>...
#               [MAY_USE <folder>...]          its headers and sources may include these folders
#               [MAY_USE_PRIVATE <folder>...]  only its sources may, and its users do not see them
#               [PUBLIC_DEPS <target>...]      libraries from outside, in its headers
#               [PRIVATE_DEPS <target>...]     libraries from outside, in its sources only
#               [COLD_WITH_SANITIZERS])        such a build leaves it unoptimised: attest::cold
# makes the static library attest_<folder>, alias attest::<folder>.
function(attest_folder folder)
  cmake_parse_arguments(arg "COLD_WITH_SANITIZERS" ""
    "SOURCES;MAY_USE;MAY_USE_PRIVATE;PUBLIC_DEPS;PRIVATE_DEPS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "attest_folder(${folder}): no SOURCES, or stray ${arg_UNPARSED_ARGUMENTS}")
  endif()
  list(TRANSFORM arg_MAY_USE PREPEND attest::)
  list(TRANSFORM arg_MAY_USE_PRIVATE PREPEND attest::)
  attest_include_root(${folder} root)

  add_library(attest_${folder} STATIC ${arg_SOURCES})
  add_library(attest::${folder} ALIAS attest_${folder})
  target_include_directories(attest_${folder} PUBLIC ${root})
  target_link_libraries(attest_${folder}
    PUBLIC ${arg_MAY_USE} ${arg_PUBLIC_DEPS}
    PRIVATE ${arg_MAY_USE_PRIVATE} ${arg_PRIVATE_DEPS} attest::options)
  if(arg_COLD_WITH_SANITIZERS AND ATTEST_SANITIZE)
    target_link_libraries(attest_${folder} PRIVATE attest::cold)
  endif()
endfunction()
