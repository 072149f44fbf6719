# Sets ATTEST_HAVE_CUDA from the option ATTEST_CUDA and from what this machine has.

set(ATTEST_HAVE_CUDA OFF)
if(ATTEST_CUDA)  # AUTO or ON
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(ATTEST_HAVE_CUDA ON)
  elseif(ATTEST_CUDA STREQUAL "ON")
    message(WARNING "ATTEST_CUDA is ON, but there is no CUDA compiler: put nvcc into PATH, "
                    "or name it in CUDACXX")
  endif()
endif()
message(STATUS "CUDA: ${ATTEST_HAVE_CUDA} (ATTEST_CUDA=${ATTEST_CUDA})")
