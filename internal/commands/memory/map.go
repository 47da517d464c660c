package memory

import (
	"cmp"
	"slices"
	"time"

	"granary/internal/command"
	"granary/internal/keyspace"
	"granary/internal/mem"
)

// specMemoryMap is Granary's own.
var specMemoryMap = &command.Spec{
	Name: "map", Summary: "Return how the slabs of each size class are filled, or who owns what lies in the emptiest of a class.",
	Since: "7.4.0", Group: command.GroupServer, Arity: -2,
	Complexity: "O(1) without CLASS; with it O(N) where N is the number of keys, in slices between which other clients are served",
	Flags:      command.NoScript | command.Blocking | command.NoMulti,
	Tips:       []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
	Args: []command.Arg{
		{Name: "size", Type: command.ArgInteger, Token: "CLASS", Flags: command.Optional},
		{Name: "count", Type: command.ArgInteger, Token: "SLABS", Flags: command.Optional},
	},
	Handler: cmdMemoryMap,
}

const (
	errNoSlabClass = "ERR no slab serves requests of that size"
	errSlabCount   = "ERR the number of slabs must be between 1 and 64"
	errOnlySlabs   = "ERR SLABS needs CLASS"

	mapSample   = 128  // slabs of a class that the overview looks at
	classSample = 1024 // slabs among which the emptiest are looked for
	mostSlabs   = 64
	someSlabs   = 4
	mostOwners  = 16 // owners that are listed of a slab
)

// cmdMemoryMap answers MEMORY MAP [CLASS size [SLABS count]].
func cmdMemoryMap(c *command.Ctx) {
	if t, ok := c.Worked().(*slabOwners); ok {
		t.reply(c)
		return
	}
	size, count := int64(0), int64(0)
	for i := 2; i < len(c.Args); i += 2 {
		var to *int64
		switch {
		case command.Is(c.Args[i], "class") && size == 0:
			to = &size
		case command.Is(c.Args[i], "slabs") && count == 0:
			to = &count
		default:
			c.SyntaxError()
			return
		}
		if i+1 == len(c.Args) {
			c.SyntaxError()
			return
		}
		n, ok := c.Int(c.Args[i+1])
		if !ok {
			return
		}
		if *to = n; n == 0 {
			*to = -1 // given
		}
	}
	if size == 0 {
		if count != 0 {
			c.Out.Error(errOnlySlabs)
			return
		}
		mapAll(c)
		return
	}
	class, ok := mem.SlabClass(int(min(max(size, 0), 1<<30)))
	if !ok {
		c.Out.Error(errNoSlabClass)
		return
	}
	if count == 0 {
		count = someSlabs
	}
	if count < 1 || count > mostSlabs {
		c.Out.Error(errSlabCount)
		return
	}
	t := newSlabOwners(c.Keys(), class, int(count))
	if c.Work(t) {
		t.reply(c)
	}
}

// mapAll answers with a row for each class that has slabs.
func mapAll(c *command.Ctx) {
	arena := c.Keys().Arena
	o := c.Out
	o.Map(2)
	o.BulkString("reclaimable")
	o.Int(arena.Reclaimable())
	o.BulkString("classes")
	mark, n := o.ArrayLater(), 0
	for i := range mem.NumSlabClasses() {
		if m := arena.MapClass(i, mapSample); m.Slabs > 0 {
			writeClass(c, &m, 0)
			n++
		}
	}
	o.SetLen(mark, n)
}

// writeClass writes the fields of a class, with room for more of the caller's.
func writeClass(c *command.Ctx, m *mem.ClassMap, more int) {
	o := c.Out
	o.Map(9 + more)
	for _, x := range []struct {
		name string
		n    int64
	}{
		{"size", int64(m.Size)},
		{"slab.bytes", m.SlabBytes},
		{"slabs", m.Slabs},
		{"regions", m.Regions},
		{"live", m.Live},
		{"reclaimable", m.Reclaimable},
		{"sampled.slabs", m.Sampled},
	} {
		o.BulkString(x.name)
		o.Int(x.n)
	}
	o.BulkString("fill")
	o.Array(len(m.Fill))
	for _, n := range m.Fill {
		o.Int(n)
	}
	o.BulkString("purposes")
	mark, n := o.MapLater(), 0
	for p, count := range m.Purposes {
		if count > 0 {
			o.BulkString(mem.Purpose(p).String())
			o.Int(count)
			n++
		}
	}
	o.SetLen(mark, n)
}

// slabOwners looks for the owners of the regions in the emptiest slabs of a class.
type slabOwners struct {
	arena  *mem.Arena
	class  int
	slabs  []mem.Slab
	owners []map[slabOwner]int // regions by owner, for each slab
	walk   *keyspace.SlabWalk
}

// slabOwner is a key, or the name of something else.
type slabOwner struct {
	purpose mem.Purpose
	db      int
	key     string // or the name of a part of the server
	isKey   bool
}

func newSlabOwners(ks *keyspace.Keyspace, class, count int) *slabOwners {
	t := &slabOwners{arena: ks.Arena, class: class, slabs: ks.Arena.Sparsest(class, count, classSample)}
	t.owners = make([]map[slabOwner]int, len(t.slabs))
	for i := range t.owners {
		t.owners[i] = map[slabOwner]int{}
	}
	t.walk = ks.WalkSlabs(t.slabs, t.found)
	return t
}

// found notes the owner of a region.
func (t *slabOwners) found(o keyspace.Owner) {
	x := slabOwner{purpose: o.Purpose, db: o.DB, key: o.Mover}
	if o.Entry != 0 {
		x.key, x.isKey = string(o.Entry.Key()), true
	}
	t.owners[o.Slab][x]++
}

// Slice visits the next keys.
func (t *slabOwners) Slice(deadline time.Time) (done bool) {
	return len(t.slabs) == 0 || t.walk.Slice(deadline)
}

// reply writes the class, and its emptiest slabs with the owners of what lies in them, those of most regions first.
// What belongs to no key and to nothing else that can be moved keeps the slab: it is counted as pinned.
func (t *slabOwners) reply(c *command.Ctx) {
	m := t.arena.MapClass(t.class, classSample)
	o := c.Out
	writeClass(c, &m, 1)
	o.BulkString("sparsest")
	o.Array(len(t.slabs))
	for i, s := range t.slabs {
		live, known := t.arena.Live(t.class, s), 0
		for _, n := range t.owners[i] {
			known += n
		}
		o.Map(5)
		o.BulkString("address")
		o.Int(int64(s.At) * 8)
		o.BulkString("regions")
		o.Int(int64(s.Regions))
		o.BulkString("live")
		o.Int(int64(live))
		o.BulkString("pinned")
		o.Int(int64(max(live-known, 0)))
		o.BulkString("owners")
		writeOwners(c, t.owners[i])
	}
}

func writeOwners(c *command.Ctx, owners map[slabOwner]int) {
	all := make([]slabOwner, 0, len(owners))
	for x := range owners {
		all = append(all, x)
	}
	slices.SortFunc(all, func(x, y slabOwner) int {
		return cmp.Or(cmp.Compare(owners[y], owners[x]), cmp.Compare(x.purpose, y.purpose), cmp.Compare(x.db, y.db), cmp.Compare(x.key, y.key))
	})
	all = all[:min(len(all), mostOwners)]
	o := c.Out
	o.Array(len(all))
	for _, x := range all {
		o.Map(4)
		o.BulkString("purpose")
		o.BulkString(x.purpose.String())
		o.BulkString("db")
		o.Int(int64(x.db))
		switch {
		case x.isKey:
			o.BulkString("key")
			o.BulkString(x.key)
		case x.key != "":
			o.BulkString("part")
			o.BulkString(x.key)
		default:
			o.BulkString("part")
			o.BulkString("key table")
		}
		o.BulkString("regions")
		o.Int(int64(owners[x]))
	}
}
