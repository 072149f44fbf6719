# With ATTEST_STATIC programs need nothing of the machine they run on but glibc: everything else that
# Debian has as a static library is linked as one. (glibc itself cannot be: the CUDA driver is loaded
# at run time.) Included after find_package(), which looked for .a files alone.

# Debian has no libfmt.a: its headers hold everything, too.
set_target_properties(fmt::fmt PROPERTIES INTERFACE_COMPILE_DEFINITIONS FMT_HEADER_ONLY=1)
set_target_properties(pugixml::pugixml PROPERTIES INTERFACE_LINK_LIBRARIES pugixml::static)
# as-needed: libfmt.so is still named to the linker.
add_link_options(-static-libstdc++ -static-libgcc LINKER:--as-needed)
