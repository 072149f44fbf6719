# attest::options: how every target of this project is compiled. Link it PRIVATE.

add_library(attest_options INTERFACE)
add_library(attest::options ALIAS attest_options)

set(c_or_cxx $<COMPILE_LANGUAGE:C,CXX>)
set(gnu_cxx $<COMPILE_LANG_AND_ID:CXX,GNU>)

# a * b + c must round twice everywhere, on every machine: the error bounds count on it.
target_compile_options(attest_options INTERFACE
  $<${c_or_cxx}:-ffp-contract=off>
  $<${c_or_cxx}:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wimplicit-fallthrough>
  # Designated initialisers leave fields out on purpose.
  $<${c_or_cxx}:-Wno-missing-field-initializers>
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor;-Woverloaded-virtual>
  # g++ 12 sees overlaps inside std::string that are not there (GCC PR 105329, 105651).
  $<${gnu_cxx}:-Wno-restrict>)

if(ATTEST_WERROR)
  # g++ 12 sees overflows inside std::string and std::vector that are not there (GCC PR 105562).
  # These stay warnings.
  target_compile_options(attest_options INTERFACE
    $<${c_or_cxx}:-Werror>
    $<${gnu_cxx}:-Wno-error=array-bounds;-Wno-error=stringop-overflow>
    $<${gnu_cxx}:-Wno-error=stringop-overread;-Wno-error=maybe-uninitialized>)
endif()

if(ATTEST_SANITIZE)
  # For the whole project, not only for targets that link the options: half of it would not link.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    # Compares type_info by address, which differs between a plug-in and the program.
    add_compile_options(-fno-sanitize=function)
  endif()
endif()

# attest::cold: for targets that nobody waits for when they run, but everybody when they are built.
# Takes a third off g++'s time and half off clang's with sanitizers.
add_library(attest_cold INTERFACE)
add_library(attest::cold ALIAS attest_cold)
target_compile_options(attest_cold INTERFACE $<${gnu_cxx}:-Og>)
if(ATTEST_SANITIZE)
  target_compile_options(attest_cold INTERFACE $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-O0>)
endif()
