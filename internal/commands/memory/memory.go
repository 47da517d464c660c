// Package memory has the MEMORY commands: what a key costs, where all memory is, and whether the books are right.
//
//	memory.go   USAGE, PURGE, HELP
//	stats.go    STATS, MALLOC-STATS
//	audit.go    AUDIT
//	classes.go  CLASSES
//	dead.go     DEAD
//	explain*.go EXPLAIN
//	doctor.go   DOCTOR
//	map.go      MAP
//	release.go  RELEASE
//	spec.go     the declaration
package memory

import (
	"granary/internal/command"
	"granary/internal/info"
	"granary/internal/keyspace"
	"granary/internal/mem"
)

// Register adds the family to the table.
func Register(t *command.Table) { t.Register(specMemory) }

// quiet looks a key up without a trace.
const quiet = keyspace.NoTouch | keyspace.NoStats | keyspace.NoNotify

// cmdMemoryUsage answers MEMORY USAGE key [SAMPLES count] with the usable bytes of everything that belongs to the key
// alone: the entry, which holds the key, its expiry and small values, and the blocks of the value beside it. Added is
// the key's share of the key table, as Redis adds a dictionary entry: the table's bytes over its keys, rounded. So the
// answers for all keys of a database add up to what the database costs, up to that rounding. Nothing is sampled: SAMPLES
// is read and not needed. Values keep the sums of what they consist of, so it takes as long for one of ten million elements
// as for one of ten; only a stream asks each of its groups.
func cmdMemoryUsage(c *command.Ctx) {
	for i := 3; i < len(c.Args); i++ {
		if !command.Is(c.Args[i], "samples") || i+1 >= len(c.Args) {
			c.SyntaxError()
			return
		}
		i++
		n, ok := c.Int(c.Args[i])
		if !ok {
			return
		}
		if n < 0 {
			c.SyntaxError()
			return
		}
	}
	it := c.DB.Lookup(c.Args[2], quiet)
	if !it.Exists() {
		c.Out.Null()
		return
	}
	own, ok := it.Entry.Bytes()
	if !ok {
		c.Out.Error(errUnknownType)
		return
	}
	c.Out.Int(own + tableShare(c.DB))
}

// tableShare returns the bytes of the key table per key, rounded.
func tableShare(db *keyspace.DB) int64 {
	n := int64(db.Len())
	if n == 0 {
		return 0
	}
	return (db.TableBytes() + n/2) / n
}

const errUnknownType = "ERR the value has a type whose memory cannot be counted"

// cmdMemoryPurge answers MEMORY PURGE: free pages go back to the system at once.
func cmdMemoryPurge(c *command.Ctx) {
	c.Keys().Arena.Trim()
	mem.Purge()
	info.Purge()
	c.Out.OK()
}

// cmdMemoryHelp answers MEMORY HELP.
func cmdMemoryHelp(c *command.Ctx) {
	c.Help(
		"AUDIT",
		"    Count all memory anew and compare it with the books.",
		"CLASSES [ALL]",
		"    Return the size classes of the allocator that are in use, or all of them: use, fill and waste of each.",
		"DEAD [SCAN | FREE [<kind> ...]]",
		"    Return how much memory serves nobody any more and what frees it, look for it anew, or free it.",
		"DOCTOR",
		"    Look for memory problems and say what to do.",
		"EXPLAIN <key> [SAMPLES <count>]",
		"    Return where the bytes of a key are, why it is stored as it is, and what it would take with other settings.",
		"HISTORY [SECONDS|MINUTES] [JUMPS|PEAKS] [FROM <time>] [TO <time>] [LINES <pattern> ...] [COUNT <count>]",
		"    Return what the lines of the ledger were in the last hour and month, and who made them jump.",
		"JOURNAL [COUNT <count>] [EVICTIONS|EXPIRIES] | RESET",
		"    Return which keys were evicted or expired last, why, and what each prefix lost; or forget it.",
		"LEDGER [JSON]",
		"    Return every resident byte on one line, beside what the kernel says.",
		"MALLOC-STATS",
		"    Return the allocator's books: by purpose and by size class.",
		"MAP [CLASS <size> [SLABS <count>]]",
		"    Return how the slabs of each size class are filled; of a class, who owns what lies in the emptiest slabs.",
		"OWNERS [COUNT <count>]",
		"    Return who holds the memory that is not data: the clients that hold most, and the server's own.",
		"PREFIXES [<depth>] [BY BYTES|KEYS|EXPIRES|GROWTH] [PREFIX <prefix>] [COUNT <count>] | RESET",
		"    Return which prefixes of keys use the memory, without a scan, or count them anew.",
		"PURGE",
		"    Give free pages back to the system.",
		"RELEASE <bytes> <milliseconds>",
		"    Give memory back to the system, up to a number of bytes and for a time at most, and report what came back.",
		"STATS",
		"    Return where memory is.",
		"USAGE <key> [SAMPLES <count>]",
		"    Return the bytes that a key and its value take. They are counted, not sampled.",
	)
}
