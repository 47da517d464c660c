package admin

import (
	"fmt"
	"strconv"

	"granary/internal/command"
	"granary/internal/encoding/hash"
	"granary/internal/encoding/quicklist"
	"granary/internal/encoding/set"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/object"
	"granary/internal/persist/rdb"
)

// quiet looks a key up without a trace.
const quiet = keyspace.NoTouch | keyspace.NoStats | keyspace.NoNotify

// look returns the entry of Args[2], or answers that there is none.
func look(c *command.Ctx) (object.Entry, bool) {
	it := c.DB.Lookup(c.Args[2], quiet)
	if !it.Exists() {
		c.Out.Error(command.ErrNoSuchKey)
		return 0, false
	}
	return it.Entry, true
}

// debugObject does DEBUG OBJECT key: where the value is and how it is kept. The address is an offset in Granary's
// address range.
func debugObject(c *command.Ctx) {
	e, ok := look(c)
	if !ok {
		return
	}
	refs := 1
	if e.IsSharedInt() {
		refs = int(object.SharedRefs(e.Int()))
	} else if e.Encoding() == object.Raw {
		refs = object.RawRefs(e.Root())
	}
	at := mem.Ref(e)
	if e.Encoding() != object.Int && e.Encoding() != object.Embstr && !(e.IsFlat() && e.Embedded()) {
		at = e.Root()
	}
	idle := int64(0)
	if !c.Keys().Access.LFU {
		idle = c.Keys().Access.Idle(e)
	}
	more := ""
	if e.Encoding() == object.Quicklist {
		l := quicklist.Open(object.Lists(c.Keys().Arena), e.Root())
		more = quicklistInfo(&l)
	}
	c.Out.Status(fmt.Sprintf("Value at:0x%x refcount:%d encoding:%s serializedlength:%d lru:%d lru_seconds_idle:%d%s",
		uint64(at)*8, refs, e.Encoding(), rdb.Size(c.Keys().Arena, e), e.LRU(), idle, more))
}

// quicklistInfo is what DEBUG OBJECT says of a large list beside what it says of every key.
func quicklistInfo(l *quicklist.List) string {
	info := l.Info()
	compressed := 0
	if info.Depth != 0 {
		compressed = 1
	}
	return fmt.Sprintf(" ql_nodes:%d ql_avg_node:%.2f ql_listpack_max:%d ql_compressed:%d ql_uncompressed_size:%d",
		info.Nodes, info.AvgNode, info.Fill, compressed, info.RawBytes)
}

// debugSDSLen does DEBUG SDSLEN key. Key and short values lie inside the entry: key_zmalloc is what the entry takes, and
// val_zmalloc what the value takes beside it.
func debugSDSLen(c *command.Ctx) {
	e, ok := look(c)
	if !ok {
		return
	}
	if e.Type() != object.String || e.Encoding() == object.Int {
		c.Out.Error("ERR Not an sds encoded string.")
		return
	}
	n, spare, beside := e.TextLen(), 0, 0
	if e.Encoding() == object.Raw {
		size := object.RawSize(e.Root())
		beside = mem.Usable(size)
		spare = size - n - object.RawHead
	}
	c.Out.Status(fmt.Sprintf("key_sds_len:%d, key_sds_avail:0, key_zmalloc: %d, val_sds_len:%d, val_sds_avail:%d, val_zmalloc: %d",
		len(e.Key()), mem.Usable(e.Size()), n, spare, beside))
}

// debugStructSize does DEBUG STRUCTSIZE: the sizes that an entry and a table are made of.
func debugStructSize(c *command.Ctx) {
	c.Out.BulkString(fmt.Sprintf("bits:%d robj:%d entry_header:%d raw_header:%d ref:%d table_bucket:64 table_slots:10",
		strconv.IntSize, object.EntryHead, object.EntryHead, object.RawHead, mem.RefSize))
}

// debugHTStats does DEBUG HTSTATS dbid: the fill of the key table.
func debugHTStats(c *command.Ctx) {
	n, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if n < 0 || n >= int64(len(c.Keys().DBs)) {
		c.Out.Error("ERR Out of range database")
		return
	}
	db := c.Keys().DBs[n]
	c.Out.Verbatim("[Dictionary HT]\n"+tableStats(db.Len(), db.TableBytes())+
		fmt.Sprintf("[Expires HT]\nExpiries lie in the entries: %d of them.\n", db.Expires()), "txt")
}

func tableStats(n int, bytes int64) string {
	if n == 0 {
		return "Hash table 0 stats (main hash table):\nNo stats available for empty dictionaries\n"
	}
	slots := bytes / 64 * 10
	return fmt.Sprintf("Hash table 0 stats (main hash table):\n table size: %d\n number of elements: %d\n bytes: %d\n bytes per element: %.2f\n fill: %.2f%%\n",
		slots, n, bytes, float64(bytes)/float64(n), 100*float64(n)/float64(slots))
}

// debugHTStatsKey does DEBUG HTSTATS-KEY key: the fill of a value's table.
func debugHTStatsKey(c *command.Ctx) {
	e, ok := look(c)
	switch {
	case !ok:
	case e.Encoding() != object.Hashtable:
		c.Out.Error("ERR The value stored at the specified key is not represented using an hash table")
	case e.Type() == object.Hash:
		h := hash.Open(nil, e.Root())
		c.Out.Verbatim(tableStats(h.Len(), h.TableBytes()-h.ExpireBytes()), "txt")
	default:
		v := set.Open(nil, e.Root())
		c.Out.Verbatim(tableStats(v.Len(), v.TableBytes()), "txt")
	}
}

// debugHelp does DEBUG HELP.
func debugHelp(c *command.Ctx) {
	c.Help(
		"AOF-FLUSH-SLEEP <microseconds>",
		"    Wait at the end of each turn before the append-only file is written.",
		"ASSERT | PANIC | SEGFAULT | OOM",
		"    End the server by a broken invariant or a wild pointer; OOM runs out of memory in this command.",
		"CHANGE-REPL-ID",
		"    Take another replication ID.",
		"CONFIG-REWRITE-FORCE-ALL",
		"    CONFIG REWRITE with every directive.",
		"CRASH-AND-RECOVER [<milliseconds>] | RESTART [<milliseconds>]",
		"    Run the server anew after a delay, without its data.",
		"DEAD ALWAYS <steps>",
		"    Have so many steps of a walk that frees dead memory done before every command, 0 for none.",
		"DEFRAG [ALWAYS <units>]",
		"    Move everything that compaction can move; or have units of that done before every command, 0 for none.",
		"DIGEST",
		"    Return a digest of all data.",
		"DIGEST-VALUE <key> [<key> ...]",
		"    Return a digest of each value.",
		"ERROR <string>",
		"    Answer an error.",
		"HTSTATS <dbid>",
		"    Return the fill of a key table.",
		"HTSTATS-KEY <key>",
		"    Return the fill of a value's table.",
		"LEAK <string>",
		"    Take memory for the string and forget it.",
		"LISTPACK <key>",
		"    Write the entries of a listpack to the standard output.",
		"LOG <message>",
		"    Write a line to the log.",
		"MALLCTL <name>",
		"    Return a number of the allocator.",
		"OBJECT <key>",
		"    Say where the value is and how it is kept.",
		"PAUSE-CRON <0|1>",
		"    Stop the server's regular work.",
		"POPULATE <count> [<prefix>] [<size>]",
		"    Make string keys.",
		"PROTOCOL <type>",
		"    Answer a reply of a type: string, integer, double, bignum, null, array, set, map, attrib, push,",
		"    verbatim, true, false.",
		"QUICKLIST <key> [<0|1>]",
		"    Write what a large list consists of to the standard output, with 1 its elements too.",
		"QUICKLIST-PACKED-THRESHOLD <size>",
		"    Set the size from which a list element gets a node of its own.",
		"RELOAD [MERGE] [NOFLUSH] [NOSAVE] | LOADAOF",
		"    Save and load: this version of Granary does not.",
		"REPLYBUFFER PEAK-RESET-TIME <NEVER|RESET|milliseconds>",
		"    Set how long the peak of a reply buffer counts.",
		"REPLYBUFFER RESIZING <0|1>",
		"    Stop fitting reply buffers to what they hold, or go on with it.",
		"SDSLEN <key>",
		"    Return lengths and allocations of a string.",
		"SET-ACTIVE-EXPIRE <0|1>",
		"    Turn the deletion of expired keys in the background off or on.",
		"SET-DISABLE-DENY-SCRIPTS <0|1>",
		"    Let scripts call the commands that they may not, or not.",
		"SLEEP <seconds>",
		"    Stop the server for a while.",
		"STRINGMATCH-LEN <length> <pattern>",
		"    Match a pattern against so many a.",
		"STRUCTSIZE",
		"    Return the sizes of structures.",
	)
}
