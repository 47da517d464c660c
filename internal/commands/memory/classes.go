package memory

import (
	"granary/internal/command"
	"granary/internal/mem"
)

// specMemoryClasses is Granary's own.
var specMemoryClasses = &command.Spec{
	Name: "classes", Summary: "Return the size classes of the allocator: use, fill and waste of each.", Since: "7.4.0",
	Group: command.GroupServer, Complexity: "O(N) where N is the number of size classes", Arity: -2,
	Tips:    []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
	Args:    []command.Arg{{Name: "all", Type: command.ArgPureToken, Token: "ALL", Flags: command.Optional}},
	Handler: cmdMemoryClasses,
}

// class is a row of MEMORY CLASSES.
type class struct {
	mem.ClassTally
	slabBytes, slabRegions int     // 0: every block is an extent of pages of its own
	worst                  float64 // per cent of a region that the least fitting request leaves over
}

// classesOf puts the books beside the table that they follow. A line of the books for large blocks may stand for several
// classes (profiles tcmalloc and libc); its worst waste is then taken from the line below it.
func classesOf(b *mem.Books) []class {
	rows := make([]class, len(b.Classes))
	table := mem.ClassTable(mem.OpenConfig().Profile, firstLarge)
	below := 0
	for i := range rows {
		r := &rows[i]
		r.ClassTally = b.Classes[i]
		if i < len(table) && table[i].Regions != 0 {
			r.slabBytes, r.slabRegions = table[i].SlabBytes, table[i].Regions
		}
		r.worst = 100 * float64(r.Size-below-1) / float64(r.Size)
		below = r.Size
	}
	return rows
}

// firstLarge is beyond what is served from slabs under every profile.
const firstLarge = 16 << 10

// used tells whether the class has anything to say.
func (r *class) used() bool { return r.Count != 0 || r.Slabs != 0 }

// cmdMemoryClasses answers MEMORY CLASSES [ALL]: a map of the profile, the sums, and an array of the classes in use, or of
// all, with a map for each. All figures are the books': nothing is walked.
func cmdMemoryClasses(c *command.Ctx) {
	all := false
	for _, arg := range c.Args[2:] {
		if all || !command.Is(arg, "all") {
			c.SyntaxError()
			return
		}
		all = true
	}
	books := mem.Totals()
	rows := classesOf(&books)
	n, free, slabs := 0, int64(0), int64(0)
	var sum mem.Tally // of what lies in the range; Total has what is booked outside as well
	for i := range rows {
		r := &rows[i]
		sum.Count, sum.Requested, sum.Usable = sum.Count+r.Count, sum.Requested+r.Requested, sum.Usable+r.Usable
		free += r.FreeBytes()
		slabs += r.Slabs
		if all || rows[i].used() {
			n++
		}
	}
	o := c.Out
	o.Map(7)
	o.BulkString("profile")
	o.BulkString(mem.OpenConfig().Profile.String())
	o.BulkString("blocks")
	o.Int(sum.Count)
	o.BulkString("requested")
	o.Int(sum.Requested)
	o.BulkString("usable")
	o.Int(sum.Usable)
	o.BulkString("slabs")
	o.Int(slabs)
	o.BulkString("free.bytes")
	o.Int(free)
	o.BulkString("classes")
	o.Array(n)
	for i := range rows {
		if all || rows[i].used() {
			rows[i].write(c)
		}
	}
}

func (r *class) write(c *command.Ctx) {
	o := c.Out
	o.Map(12)
	o.BulkString("size")
	o.Int(int64(r.Size))
	o.BulkString("slab.bytes")
	o.Int(int64(r.slabBytes))
	o.BulkString("slab.regions")
	o.Int(int64(r.slabRegions))
	o.BulkString("worst.waste")
	o.Double(r.worst)
	o.BulkString("blocks")
	o.Int(r.Count)
	o.BulkString("requested")
	o.Int(r.Requested)
	o.BulkString("usable")
	o.Int(r.Usable)
	o.BulkString("waste")
	o.Int(r.Usable - r.Requested)
	o.BulkString("slabs")
	o.Int(r.Slabs)
	o.BulkString("free.regions")
	free := int64(0)
	if r.Slabs > 0 {
		free = r.Regions - r.Count
	}
	o.Int(free)
	o.BulkString("free.bytes")
	o.Int(r.FreeBytes())
	o.BulkString("fill")
	fill := 100.0
	if r.Regions > 0 {
		fill = 100 * float64(r.Count) / float64(r.Regions)
	}
	o.Double(fill)
}
