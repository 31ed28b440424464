-- For luacheck, which tests/e2e/test_plugin_author.py runs where it is installed.
std = "lua54"
read_globals = { "brille" }
exclude_files = { "brille.d.lua", "**/brille.d.lua" }
max_line_length = 150
