# ae_add_module(<id> SOURCES <files> [LIBRARIES <targets>] [MIGRATIONS <dir>] MANIFEST <module.json>)
#
# Builds the loadable module <id>.so with its manifest <id>.json beside it. MIGRATIONS names a folder with the
# subfolders sqlite/ and postgresql/ that hold V0001__what_it_does.sql; the files are embedded and offered as
#   std::vector<core::db::Migration> <id>_migrations(core::db::Dialect)
# declared in the generated header "<id>_migrations.h".

# Keeps the folder of this file: the function also runs from an installed SDK.
set(AE_MODULE_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

# Adds the generated source with a module's migrations to TARGET.
function(ae_embed_migrations TARGET ID DIR)
  get_filename_component(dir ${DIR} ABSOLUTE)
  file(GLOB files CONFIGURE_DEPENDS ${dir}/sqlite/V*.sql ${dir}/postgresql/V*.sql)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/generated)
  add_custom_command(
    OUTPUT ${out}/${ID}_migrations.cpp ${out}/${ID}_migrations.h
    COMMAND ${CMAKE_COMMAND} -DID=${ID} -DDIR=${dir} -DOUT=${out} -P ${AE_MODULE_CMAKE_DIR}/AeEmbedMigrations.cmake
    DEPENDS ${files} ${AE_MODULE_CMAKE_DIR}/AeEmbedMigrations.cmake
    COMMENT "Embedding the migrations of ${ID}" VERBATIM)
  target_sources(${TARGET} PRIVATE ${out}/${ID}_migrations.cpp)
  set_source_files_properties(${out}/${ID}_migrations.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON
                                                                     SKIP_UNITY_BUILD_INCLUSION ON)
  target_include_directories(${TARGET} PUBLIC $<BUILD_INTERFACE:${out}>)
endfunction()

function(ae_add_module ID)
  cmake_parse_arguments(ARG "" "MANIFEST;MIGRATIONS" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT ARG_SOURCES OR NOT ARG_MANIFEST)
    message(FATAL_ERROR "ae_add_module(${ID}): SOURCES and MANIFEST are needed")
  endif()
  add_library(${ID} MODULE ${ARG_SOURCES})
  if(TARGET ae_core)
    target_link_libraries(${ID} PRIVATE ae_core ae_options)
  else()
    target_link_libraries(${ID} PRIVATE AeBackend::core)
    target_compile_features(${ID} PRIVATE cxx_std_20)
  endif()
  target_link_libraries(${ID} PRIVATE ${ARG_LIBRARIES})
  if(ARG_MIGRATIONS)
    ae_embed_migrations(${ID} ${ID} ${ARG_MIGRATIONS})
  endif()
  set_target_properties(${ID} PROPERTIES
    PREFIX "" CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/ae-backend/modules
    INSTALL_RPATH "$ORIGIN/../..")
  if(NOT AE_SANITIZE) # sanitizers leave their own symbols to the executable
    target_link_options(${ID} PRIVATE -Wl,-z,defs)
  endif()
  get_filename_component(manifest ${ARG_MANIFEST} ABSOLUTE)
  add_custom_command(TARGET ${ID} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E copy_if_different ${manifest} $<TARGET_FILE_DIR:${ID}>/${ID}.json VERBATIM)
endfunction()
