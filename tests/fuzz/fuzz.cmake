# Hostile input by libFuzzer: NAME_fuzz.cpp beside this file is a target, corpus/NAME its inputs, NAME.dict (if there is
# one) its words. A new target is these files, and in CMakeLists.txt the sources that it needs and nobody else does.
set(AE_FUZZ_DIR ${PROJECT_BINARY_DIR}/fuzz)
find_program(AE_FUZZ_CXX clang++-16)
if(AE_FUZZ_CXX)
  include(ExternalProject)
  # BUILD_ALWAYS: that project knows best whether a source has changed.
  ExternalProject_Add(fuzz_targets
    SOURCE_DIR ${CMAKE_CURRENT_LIST_DIR} BINARY_DIR ${AE_FUZZ_DIR} PREFIX ${AE_FUZZ_DIR}/project
    CMAKE_ARGS -DCMAKE_CXX_COMPILER=${AE_FUZZ_CXX}
    BUILD_COMMAND ${CMAKE_COMMAND} --build <BINARY_DIR> --parallel 2
    BUILD_ALWAYS ON USES_TERMINAL_BUILD ON INSTALL_COMMAND "")
endif()
# Registered in any case: without clang they fail, and say what is missing.
file(GLOB fuzz_targets CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*_fuzz.cpp)
foreach(file ${fuzz_targets})
  cmake_path(GET file STEM target)
  string(REGEX REPLACE "_fuzz$" "" name ${target})
  add_test(NAME fuzz.${name} COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/run.sh ${name} ${AE_FUZZ_DIR})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 1200)
endforeach()
