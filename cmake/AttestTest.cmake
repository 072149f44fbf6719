# attest_test(<name> SOURCES <file>... LIBS <target>... [LABELS <label>...] [TIMEOUT <seconds>])
# makes the GoogleTest program <name>; ctest knows each of its tests as <name>.<suite>.<test>.
# Sources may include "tests/..." and whatever LIBS bring, and know the checkout as
# ATTEST_SOURCE_DIR. RapidCheck laws run with a fixed seed. Label `heavy`: too slow under sanitizers, left out there.
include(GoogleTest)

function(attest_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "attest_test(${name}): no SOURCES, or stray ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  attest_include_root(tests root)

  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${root})
  target_compile_definitions(${name} PRIVATE ATTEST_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_LIBS} GTest::gtest_main attest::options attest::cold)

  # gtest_discover_tests cannot pass on a list. ctest -L and -LE search a label for a regular
  # expression, so several in one are found just as well.
  list(JOIN arg_LABELS "+" label)
  if(label)
    set(label LABELS ${label})
  endif()
  gtest_discover_tests(${name}
    TEST_PREFIX ${name}.
    DISCOVERY_TIMEOUT 120
    PROPERTIES TIMEOUT ${arg_TIMEOUT} ENVIRONMENT RC_PARAMS=seed=1 ${label})
endfunction()
