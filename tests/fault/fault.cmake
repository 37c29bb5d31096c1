# What becomes of the real host when it, its database, its disk or its clients fail.
file(GLOB fault_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/fault/*.cpp)
ae_add_test(fault_test TIER fault POSTGRES TIMEOUT 14400
            SOURCES ${fault_tests}
            LIBRARIES ae_system_support ae_test_support ae_core fmt::fmt OpenSSL::SSL)
add_dependencies(fault_test ae-backend base restic restic-agent test_module_gamma)


add_library(failing_allocations MODULE fault/preload/failing_allocations.cpp)
target_include_directories(failing_allocations PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
set_target_properties(failing_allocations PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/fault)
add_dependencies(fault_test failing_allocations)
