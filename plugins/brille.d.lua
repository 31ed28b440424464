---@meta
-- What plugins of brille can call. Made by `brille plugin reference --meta`; do not edit.

---@class brille.Plugin
---@field api integer|string 1, or "1.2": at least that
---@field name string [a-z][a-z0-9-]*
---@field version string? of the plugin
---@field summary string one line of at most 90 bytes
---@field doc string? what the rows mean; Markdown
---@field author string? who wrote it
---@field license string? its licence
---@field categories string[]? words to find it by
---@field needs table? heap, heaps, refs, retained, values, threads, events, live
---@field args table[]? list of {name, type =, default =, required =, min =, max =, choices =, doc =}
---@field run fun(ctx: brille.Context) the plugin
---@field stop fun(ctx: brille.Context)? called when run is ended before its time, by Ctrl-C, --time or --mem, with the same ctx: a second to put out what there is

---@class brille.GroupSpec
---@field by string[] up to four of type, module, gen, label, path, or any column
---@field sum string[]? columns to add up; the rows have them by name
---@field max string[]? columns whose maximum is wanted: max_size
---@field where string? objects: only those for which it is true
---@field bind table? its parameters
---@field path_depth integer? steps of a path that are kept; 0 is all
---@field sample integer? objects: up to 16 ids of each row, in row.sample
---@field limit integer? rows at most; the rest is groups:other(). Without it more than 1,000,000 rows are an error

---@class brille.PairSpec
---@field open string|string[] kinds that open
---@field close string|string[] kinds that close
---@field by string the column that tells pairs apart: addr, tid
---@field columns string[]? what the tables open and close have
---@field unclosed integer? set at the end: how many stayed open

---@class brille.TableSpec
---@field id string? its name in JSON
---@field title string? a heading
---@field columns table[] list of "name" or {"name", unit =, signed =}; units: text, count, bytes, ns, time, ratio, address, object (an id), thread

---@class brille.ChartSpec
---@field id string? its name in JSON
---@field kind string bar, line, hist or stack
---@field title string? a heading
---@field x table? {label =, unit =}
---@field y table? {label =, unit =}
---@field series table[] up to 8 of {name =, points = {{x, y}, ...}}

---@class brille.FindingSpec
---@field id string? its name in JSON and tests
---@field severity string? note, warn or error: what --fail-on looks at
---@field title string one sentence
---@field detail string? the evidence
---@field objects integer[]? up to 16 ids
---@field confidence number? 0 to 1
---@field suggest string? what to do or to ask next

---@class brille.Row
---@field count integer how many; beside it there are the keys, the sums and maxima by name, and sample

---@class brille.Heap
---@field n integer how many objects
---@field nrefs integer how many references
---@field complete boolean whether the process was at rest when it was captured
---@field addr table<integer, integer> address, what id() says in the process
---@field size table<integer, integer> own size in bytes, what sys.getsizeof says
---@field type table<integer, string> qualified name of the type: "dict", "app.Row"
---@field typeid table<integer, integer> number of the type in this heap
---@field module table<integer, string> module of the type
---@field refcount table<integer, integer> reference count
---@field gen table<integer, integer?> generation 0, 1, 2; 3 is permanent; nil when untracked
---@field epoch table<integer, integer> birth epoch: the capture before which it was made; 0 is unknown
---@field immortal table<integer, boolean> whether its count never changes
---@field label table<integer, string?> short rendering of the value, nil when there is none
---@field digest table<integer, integer?> a number that objects of equal type, size and label share; nil without a label
---@field explained table<integer, integer> references to it that are known
---@field unexplained table<integer, integer> references to it that nobody explains: held by native code
---@field nin table<integer, integer> references to it in the graph
---@field nout table<integer, integer> references from it
---@field items table<integer, integer?> of a list, tuple, dict or set: how many it holds; nil for others
---@field waste table<integer, integer?> of a list, dict or set: bytes beyond the smallest table that would do; nil for others
---@field retained table<integer, integer> bytes that would be freed if it went
---@field dominator table<integer, integer?> id of the closest object on every path to it; nil at the top
local Heap = {}

---The id of the object that begins at the address.
---@param address integer
---@return integer?
function Heap:at(address) end

---Iterates over all objects by rising address: `for id, size in heap:each("size")`. At most 8 columns.
---@param ... string
---@return fun(): integer, ...
function Heap:each(...) end

---The objects for which the expression is true; with a table, those whose columns equal its values.
---@param expression string|table
---@param bind? table
---@return brille.Set
function Heap:where(expression, bind) end

---All objects.
---@return brille.Set
function Heap:all() end

---The objects of a list.
---@param ids integer[]
---@return brille.Set
function Heap:set(ids) end

---Groups all objects.
---@param spec brille.GroupSpec
---@return brille.Groups
function Heap:group(spec) end

---List of `{name, typeid, count, size, retained}`, biggest first.
---@return table[]
function Heap:types() end

---Iterates over what an object refers to: `id, name, kind, class`, in the order of the process. The iterator is made for a `for`: at its end it goes to the next call of this function, so do not call it again then.
---@param id integer
---@return fun(): integer, string?, string, string
function Heap:refs(id) end

---Iterates over what refers to an object: `id, name, kind, class`, once for each reference. The iterator is made for a `for`: at its end it goes to the next call of this function, so do not call it again then.
---@param id integer
---@return fun(): integer, string?, string?, string?
function Heap:referrers(id) end

---Iterates over what an object refers to, ids alone: several times faster than refs. The iterator is made for a `for`: at its end it goes to the next call of this function, so do not call it again then.
---@param id integer
---@return fun(): integer
function Heap:targets(id) end

---The shortest path from a root: its text and the list of `{id, step}`; nil and the reason when nothing reaches the object.
---@param id integer
---@return string?
---@return table[]|string
function Heap:path(id) end

---What is referred to from outside: module, frame, thread, interpreter, handle, static, interned or native; all of them without a kind.
---@param kind? string
---@return brille.Set
function Heap:roots(kind) end

---What is kept of the text of a str or bytes, and whether it is only its beginning; nil and the reason for other objects.
---@param id integer
---@return string?
---@return boolean|string
function Heap:str(id) end

---Type, label and address in one line, for people. Runs nothing of the target.
---@param id integer
---@return string
function Heap:repr(id) end

---Iterates over groups of objects that reach one another: the list of ids, and one way round as text. With a set, cycles within it.
---@param set? brille.Set
---@return fun(): integer[], string
function Heap:cycles(set) end

---Objects that nothing reaches: not yet collected, or being freed.
---@return brille.Set
function Heap:garbage() end

---List of `{tid, name, gil, frames = {{func, file, line, id}}}`, the innermost frame first.
---@return table[]
function Heap:threads() end

---Memory of the object allocator, emptiest first: `{addr, pools, free_pools, capacity, used, objects, type, type_count}`; and by block size: `{block, pools, used, free, free_bytes}`.
---@return table[]
---@return table[]
function Heap:arenas() end

---A column of your own: numbers by id, 8 bytes an object, 0 at first. `c[id] = 1`, `c[id]`; `s:sum(c)`, `s:top(c, n)` take it like a name.
---@return table
function Heap:scratch() end

---@class brille.Set
---@operator band(brille.Set): brille.Set
---@operator bor(brille.Set): brille.Set
---@operator sub(brille.Set): brille.Set
---@operator len: integer
local Set = {}

---Like heap:each, over the members.
---@param ... string
---@return fun(): integer, ...
function Set:each(...) end

---The members for which the expression is true.
---@param expression string|table
---@param bind? table
---@return brille.Set
function Set:where(expression, bind) end

---Whether it is a member.
---@param id integer
---@return boolean
function Set:has(id) end

---How many; `#s` is the same.
---@return integer
function Set:count() end

---The sum of a column.
---@param column string|table
---@return integer
function Set:sum(column) end

---`{n, sum, min, max, mean, p50, p90, p99}` of the members that have a value.
---@param column string|table
---@return table
function Set:stats(column) end

---The smallest value that is not exceeded by a part q, 0 to 1, of the members.
---@param column string|table
---@param q number
---@return integer?
function Set:quantile(column, q) end

---List of `{from, to, n, sum}`: powers of two, or steps of equal width. Empty steps between others are there.
---@param column string|table
---@param width? integer
---@return table[]
function Set:hist(column, width) end

---The ids with the largest values, ties by address; at most 100,000.
---@param column string|table
---@param n integer
---@return integer[]
function Set:top(column, n) end

---The first n members by address; at most 100,000, which is also the default.
---@param n? integer
---@return integer[]
function Set:ids(n) end

---n members by chance, the same ones for the same seed.
---@param n integer
---@param seed? integer
---@return integer[]
function Set:sample(n, seed) end

---Groups the members.
---@param spec brille.GroupSpec
---@return brille.Groups
function Set:group(spec) end

---What members refer to, by references that keep alive.
---@return brille.Set
function Set:referents() end

---What refers to members, by references of any class.
---@return brille.Set
function Set:referrers() end

---What is reached from the members, themselves included, by references that keep alive; `{avoid = set}` does not enter its members.
---@param options? table
---@return brille.Set
function Set:reachable(options) end

---Bytes that would be freed if all members went at once.
---@return integer
function Set:retained_size() end

---@class brille.Groups
local Groups = {}

---Iterates over the rows with the largest number: `count`, a sum, or an expression of them, `size / count`.
---@param number string
---@param n? integer
---@return fun(): brille.Row
function Groups:top(number, n) end

---Iterates over all rows in the order in which they appeared.
---@return fun(): brille.Row
function Groups:each() end

---How many rows; `#g` is the same.
---@return integer
function Groups:count() end

---The row with these keys.
---@param ... any
---@return brille.Row?
function Groups:get(...) end

---What was folded together because of `limit`; nil when nothing was.
---@return brille.Row?
function Groups:other() end

---@class brille.Diff
---@field same_process boolean whether both heaps are of one process
local Diff = {}

---Groups both heaps: numbers end in _before, _after and _delta.
---@param spec brille.GroupSpec
---@return brille.Groups
function Diff:group(spec) end

---Objects of the newer heap that were not there, and whether identity is only probable. An error unless same_process.
---@return brille.Set
---@return boolean
function Diff:added() end

---Objects of the older heap that are gone.
---@return brille.Set
---@return boolean
function Diff:removed() end

---@class brille.Events
local Events = {}

---Iterates in the order of time; begin with t, seq, tid or kind. At most 8 columns.
---@param ... string
---@return fun(): ...
function Events:each(...) end

---Calls a function for each event by kind; `e.size` reads a column. Says how many there were.
---@param handlers table<string, fun(e: table)>
---@return integer
function Events:run(handlers) end

---Only the events for which the expression is true, tested in C.
---@param expression string
---@param bind? table
---@return brille.Events
function Events:where(expression, bind) end

---Only events of these kinds.
---@param ... string
---@return brille.Events
function Events:kinds(...) end

---How many.
---@return integer
function Events:count() end

---The sum of a column.
---@param column string
---@return integer
function Events:sum(column) end

---Like set:hist.
---@param column string
---@param width? integer
---@return table[]
function Events:hist(column, width) end

---Groups events by up to four columns, with sums and maxima of others.
---@param spec brille.GroupSpec
---@return brille.Groups
function Events:group(spec) end

---Pairs openings with closings of the same key: `start, duration, key, open, close` in the order of closing; open and close have the columns named in `columns`. Afterwards `spec.unclosed` is how many stayed open.
---@param spec brille.PairSpec
---@return fun(): integer, integer, any, table, table
function Events:pair(spec) end

---Cuts the trace into pieces of equal length: `start, events`. Empty ones are there.
---@param ns integer
---@return fun(): integer, brille.Events
function Events:window(ns) end

---Units of the trace that were dropped or overwritten; of a live process, so far.
---@return integer
function Events:missing() end

---@class brille.Out
local Out = {}

---Begins a table.
---@param spec brille.TableSpec
---@return brille.Table
function Out:table(spec) end

---A line or paragraph; print() does the same. Beyond 32 KiB it is cut.
---@param text string
function Out:text(text) end

---What was found, in a sentence.
---@param spec brille.FindingSpec
function Out:finding(spec) end

---A picture: bars or lines.
---@param spec brille.ChartSpec
function Out:chart(spec) end

---@class brille.Table
local Table = {}

---A row; nil is "-".
---@param ... any
function Table:row(...) end

---How many rows it has.
---@return integer
function Table:count() end

---@class brille.Context
---@field args table the values of the arguments, by name
---@field heap brille.Heap the heap, the newer of two (needs.heap, needs.heaps)
---@field heaps brille.Heap[] both heaps, the older first
---@field diff brille.Diff the two heaps compared (needs.heaps = 2)
---@field events brille.Events the events (needs.events)
---@field out brille.Out where results go
---@field target table pid, runtime, version, taken_ns of the newest heap; trace, the file
---@field diff.same_process boolean whether both heaps are of one process
local Context = {}

---Ends the plugin with that line, without a traceback; `{hint = "..."}` is a second one. Exit status 2.
---@param message string
---@param options? table
function Context:fail(message, options) end

---level is debug, info or warn. Warnings are printed, the rest with BRILLE_DEBUG=1.
---@param level string
---@param text string
function Context:log(level, text) end

---How far it is, 0 to 1; shown on a terminal.
---@param part number
---@param text? string
function Context:progress(part, text) end

---@class brille
---@field api integer version of the API, 1
brille = {}

---A size as people read it: `1.50 MiB`.
---@param n integer
---@return string
function brille.bytes(n) end

---A time as people read it: `12.5 ms`.
---@param n number
---@return string
function brille.ns(n) end

---pairs() in the order of the keys: output is the same in every run.
---@param t table
---@return fun(): any, any
function brille.sorted(t) end

---The smallest element that is not exceeded by a part q of a list of numbers.
---@param list number[]
---@param q number
---@return number?
function brille.quantile(list, q) end

---Whether this brille has a function or a column: `brille.has("set.hist")`, `brille.has("heap.waste")`.
---@param feature string
---@return boolean
function brille.has(feature) end

