package memory

import (
	"fmt"
	"strconv"
	"strings"

	"granary/internal/command"
	"granary/internal/info"
	"granary/internal/ledger"
	"granary/internal/mem"
)

// stat is a row of MEMORY STATS: an integer or a ratio.
type stat struct {
	name  string
	bytes func(r *command.MemoryReport) int64
	ratio func(r *command.MemoryReport) float64
}

func zero(*command.MemoryReport) int64 { return 0 }

// stats are the rows before and behind those of the databases, in Redis's order.
var (
	statsBefore = []stat{
		{"peak.allocated", func(r *command.MemoryReport) int64 { return r.Peak.Used }, nil},
		{"total.allocated", func(r *command.MemoryReport) int64 { return r.Used }, nil},
		{"startup.allocated", func(r *command.MemoryReport) int64 { return r.Startup }, nil},
		{"replication.backlog", func(r *command.MemoryReport) int64 { return r.Backlog }, nil},
		{"replica.fullsync.buffer", zero, nil},
		{"clients.slaves", func(r *command.MemoryReport) int64 { return r.Replicas }, nil},
		{"clients.normal", func(r *command.MemoryReport) int64 { return r.Clients }, nil},
		{"cluster.links", zero, nil},
		{"aof.buffer", func(r *command.MemoryReport) int64 { return r.AOF }, nil},
		{"lua.caches", func(r *command.MemoryReport) int64 { return r.Loaded.ScriptBytes }, nil},
		{"functions.caches", func(r *command.MemoryReport) int64 { return r.Loaded.FunctionBytes }, nil},
		{"script.VMs", func(r *command.MemoryReport) int64 { return r.Loaded.VMEval + r.Loaded.VMFunctions }, nil},
	}
	statsAfter = []stat{
		{"overhead.db.hashtable.lut", func(r *command.MemoryReport) int64 { return r.Tables }, nil},
		{"overhead.db.hashtable.rehashing", zero, nil},
		{"overhead.total", func(r *command.MemoryReport) int64 { return r.Overhead }, nil},
		{"db.dict.rehashing.count", zero, nil},
		{"keys.count", func(r *command.MemoryReport) int64 { return r.Keys }, nil},
		{"keys.bytes-per-key", func(r *command.MemoryReport) int64 { return r.BytesPerKey() }, nil},
		{"dataset.bytes", func(r *command.MemoryReport) int64 { return r.Dataset }, nil},
		{"dataset.percentage", nil, func(r *command.MemoryReport) float64 { return 100 * r.DatasetShare() }},
		{"peak.percentage", nil, func(r *command.MemoryReport) float64 { return 100 * command.Share(r.Used, r.Peak.Used) }},
		{"allocator.allocated", (*command.MemoryReport).Allocated, nil},
		{"allocator.active", (*command.MemoryReport).Active, nil},
		{"allocator.resident", (*command.MemoryReport).AllocatorResident, nil},
		{"allocator.muzzy", zero, nil},
		{"allocator-fragmentation.ratio", nil, func(r *command.MemoryReport) float64 { return command.Share(r.Active(), r.Allocated()) }},
		{"allocator-fragmentation.bytes", (*command.MemoryReport).FragBytes, nil},
		{"allocator-rss.ratio", nil, func(r *command.MemoryReport) float64 { return command.Share(r.AllocatorResident(), r.Active()) }},
		{"allocator-rss.bytes", (*command.MemoryReport).FreePages, nil},
		{"rss-overhead.ratio", nil, func(r *command.MemoryReport) float64 {
			return command.Share(r.Ledger.RSS, r.AllocatorResident())
		}},
		{"rss-overhead.bytes", (*command.MemoryReport).OutsideAllocator, nil},
		{"fragmentation", nil, func(r *command.MemoryReport) float64 { return r.Fragmentation() }},
		{"fragmentation.bytes", func(r *command.MemoryReport) int64 { return r.Ledger.RSS - r.Used }, nil},
	}
)

// cmdMemoryStats answers MEMORY STATS: Redis's keys, and the books by purpose under granary.
func cmdMemoryStats(c *command.Ctx) {
	r := c.Env.ReadMemory()
	o := c.Out
	mark, n := o.MapLater(), 0
	write := func(rows []stat) {
		for i := range rows {
			o.BulkString(rows[i].name)
			if rows[i].bytes != nil {
				o.Int(rows[i].bytes(&r))
			} else {
				o.Double(rows[i].ratio(&r))
			}
			n++
		}
	}
	write(statsBefore)
	for _, db := range c.Keys().DBs {
		if db.Len() == 0 {
			continue
		}
		o.BulkString("db." + strconv.Itoa(db.ID))
		o.Map(2)
		o.BulkString("overhead.hashtable.main")
		o.Int(db.TableBytes())
		o.BulkString("overhead.hashtable.expires")
		o.Int(0) // in the main table and the entries
		n++
	}
	write(statsAfter)
	o.SetLen(mark, n)
}

// cmdMemoryMallocStats answers MEMORY MALLOC-STATS: the books in words.
func cmdMemoryMallocStats(c *command.Ctx) {
	r := c.Env.ReadMemory()
	c.Out.Verbatim(mallocStats(&r, c.Env.Config.AllocatorProfile.String()), "txt")
}

func mallocStats(r *command.MemoryReport, profile string) string {
	s := mem.ReadStats()
	var b strings.Builder
	fmt.Fprintf(&b, "___ %s, profile %s ___\n", info.Allocator(), profile)
	fmt.Fprintf(&b, "Allocated: %d, active: %d, metadata: %d, resident: %d, mapped: %d, retained: %d\n",
		s.Books.Total.Usable, s.Active, s.Metadata, s.Resident, s.Mapped, s.Retained)
	fmt.Fprintf(&b, "Free in slabs: %d, tail waste: %d, dirty: %d, requested: %d\n",
		s.SlabFree, s.TailWaste, s.Dirty, s.Books.Total.Requested)

	l := &r.Ledger
	fmt.Fprintf(&b, "By the kernel: resident %d, of which process %d; allocated and not resident: %d; unexplained: %d\n\n",
		l.RSS, l.Part(ledger.PartProcess), l.Untouched, l.Unexplained)
	fmt.Fprintf(&b, "%-16s %-15s %12s %14s %14s\n", "purpose", "heading", "blocks", "requested", "usable")
	for p, t := range s.Books.Purposes {
		if t.Count != 0 {
			fmt.Fprintf(&b, "%-16s %-15s %12d %14d %14d\n", mem.Purpose(p), mem.Purpose(p).Heading(), t.Count, t.Requested, t.Usable)
		}
	}
	fmt.Fprintf(&b, "\n%12s %12s %14s %14s %10s %12s %7s\n", "size class", "blocks", "requested", "usable", "slabs", "free", "fill")
	for i := range s.Books.Classes {
		k := &s.Books.Classes[i]
		if k.Count == 0 && k.Slabs == 0 {
			continue
		}
		fill := "-"
		if k.Regions > 0 {
			fill = fmt.Sprintf("%.1f%%", 100*float64(k.Count)/float64(k.Regions))
		}
		fmt.Fprintf(&b, "%12d %12d %14d %14d %10d %12d %7s\n", k.Size, k.Count, k.Requested, k.Usable, k.Slabs, k.FreeBytes(), fill)
	}
	p := &r.Process
	fmt.Fprintf(&b, "\nGo runtime: heap in use %d, heap idle %d, stacks %d, other %d, total %d, collections %d\n",
		p.GoHeapInUse, p.GoHeapIdle, p.GoStacks, p.GoOther, p.GoTotal, p.GCCycles)
	return b.String()
}
