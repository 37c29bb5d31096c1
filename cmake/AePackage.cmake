# What `cmake --install BUILD --prefix PREFIX` puts into a prefix, besides what each target's folder says of itself.
# Everything is found relative to its own place, so that a prefix may be moved. Components:
#   runtime  host, core library, modules, web application
#   agent    restic-agent
#   agent-sdk  what plugins of the agent are built with, and the template of `restic-agent plugin new`
#   plugin-NAME  each dump plugin
#   sdk      headers, CMake package, helpers and the template of `ae-backend module new`
#   testing  mocks and fakes for the tests of modules
include(CMakePackageConfigHelpers)
set(package_dir lib/cmake/AeBackend)

install(DIRECTORY ${CMAKE_BINARY_DIR}/share/ae-backend/web DESTINATION share/ae-backend COMPONENT runtime OPTIONAL)

# core/include, and what modules offer to other modules.
install(DIRECTORY core/include/ modules/base/include/ modules/restic/include/
        DESTINATION include COMPONENT sdk FILES_MATCHING PATTERN "*.h")
install(DIRECTORY tests/mocks/ DESTINATION include COMPONENT testing FILES_MATCHING PATTERN "*.h")
install(DIRECTORY core/app/module_template DESTINATION share/ae-backend COMPONENT sdk)
# The types of what a module's page gets from the web application.
install(FILES web/sdk/page.d.ts DESTINATION share/ae-backend/sdk COMPONENT sdk)

string(REGEX MATCH "^[0-9]+" AE_COMPILER_MAJOR "${CMAKE_CXX_COMPILER_VERSION}")
set(package_files ${CMAKE_BINARY_DIR}/package)
configure_package_config_file(cmake/AeBackendConfig.cmake.in ${package_files}/AeBackendConfig.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# Until 1.0 every minor version may change the interface.
write_basic_package_version_file(${package_files}/AeBackendConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${package_files}/AeBackendConfig.cmake ${package_files}/AeBackendConfigVersion.cmake
              cmake/AeModule.cmake cmake/AeEmbedMigrations.cmake
        DESTINATION ${package_dir} COMPONENT sdk)
install(FILES cmake/AeModuleTest.cmake DESTINATION ${package_dir} COMPONENT testing)
install(FILES ${package_files}/AeBackendConfig.cmake ${package_files}/AeBackendConfigVersion.cmake cmake/AePlugin.cmake
        DESTINATION ${package_dir} COMPONENT agent-sdk)
install(EXPORT AeAgentPluginTargets NAMESPACE AeBackend:: DESTINATION ${package_dir} COMPONENT agent-sdk)
install(EXPORT AeBackendTargets NAMESPACE AeBackend:: DESTINATION ${package_dir} COMPONENT sdk)
