p='vm/object/static_types.def'
s=open(p).read()
names="stat_result scandir_iter dir_entry terminal_size times_result uname_result statvfs_result".split()
s=s.replace("#undef STATIC_TYPE","".join("STATIC_TYPE(%s)\n"%n for n in names)+"#undef STATIC_TYPE")
open(p,'w').write(s)
p='vm/builtins/modules.def'
s=open(p).read()
s=s.replace('MODULE("math"','MODULE("posix", py_mod_posix_init)\nMODULE("errno", py_mod_errno_init)\nMODULE("_signal", py_mod__signal_init)\nMODULE("math"')
open(p,'w').write(s)
