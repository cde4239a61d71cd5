# The fuzzed code is compiled here once more, with coverage and sanitizers: only what is pure, so that every
# execution is a few microseconds and no finding depends on a socket.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "SLUICE_FUZZ needs clang: -DCMAKE_CXX_COMPILER=clang++-19")
endif()

find_package(fmt REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(OpenSSL REQUIRED)

set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all)

file(GLOB fuzzed CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/base/*.cpp ${PROJECT_SOURCE_DIR}/src/smtp/*.cpp
     ${PROJECT_SOURCE_DIR}/src/wire/*.cpp ${PROJECT_SOURCE_DIR}/src/policy/*.cpp
     ${PROJECT_SOURCE_DIR}/src/app/config/*.cpp ${PROJECT_SOURCE_DIR}/src/app/process/packets.cpp)
list(FILTER fuzzed EXCLUDE REGEX "(_test|/find_config|/run_flags)\\.cpp$")
# From the kernel's folder: the pure files, and those that the configuration's defaults are made of.
foreach(name dns_record endpoint fd tls tls_client)
  list(APPEND fuzzed ${PROJECT_SOURCE_DIR}/src/net/${name}.cpp)
endforeach()
foreach(name message record redis/redis_options)
  list(APPEND fuzzed ${PROJECT_SOURCE_DIR}/src/store/${name}.cpp)
endforeach()
add_library(fuzzed STATIC ${fuzzed})
target_include_directories(fuzzed PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
target_compile_options(fuzzed PRIVATE -fsanitize=fuzzer-no-link PUBLIC ${sanitize} -g -UNDEBUG)
target_link_options(fuzzed PUBLIC ${sanitize})
target_link_libraries(fuzzed PUBLIC fmt::fmt tomlplusplus::tomlplusplus OpenSSL::SSL)

add_custom_target(fuzz)
foreach(source ${targets})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${name} PRIVATE fuzzed)
  add_dependencies(fuzz ${name})
endforeach()
