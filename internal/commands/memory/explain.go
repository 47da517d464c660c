package memory

import (
	"math"

	"granary/internal/command"
	"granary/internal/mem"
	"granary/internal/object"
)

// specMemoryExplain is Granary's own.
var specMemoryExplain = &command.Spec{
	Name: "explain", Summary: "Return where the bytes of a key are, why it is stored as it is, and what it would take with other settings.",
	Since: "7.4.0", Group: command.GroupServer, Arity: -3,
	Complexity: "O(N) where N is the number of samples, and for large values the number of segments of their table",
	Flags:      command.ReadOnly,
	Keys:       command.Keys(command.KeyRO, 2, 0, 1),
	Args: []command.Arg{
		{Name: "key", Type: command.ArgKey, KeySpec: 1},
		{Name: "count", Type: command.ArgInteger, Token: "SAMPLES", Flags: command.Optional},
	},
	Handler: cmdMemoryExplain,
}

// defaultSamples is up to how many elements of a value are looked at: a few hundred microseconds.
const defaultSamples = 1000

// blocks are allocations of one role and one size class.
type blocks struct {
	role      string
	purpose   mem.Purpose
	class     int   // usable bytes of each, 0: of several sizes
	count     int64 // negative: not counted
	requested int64 // negative: not known
	usable    int64
}

// whatIf is what a key would take in another form.
type whatIf struct {
	change   string
	encoding string
	bytes    int64 // usable, the share of the key table not included
	exact    bool  // otherwise scaled up from a sample
}

// explanation is the answer for one key.
type explanation struct {
	c       *command.Ctx
	e       object.Entry
	own     int64 // usable bytes
	samples int64 // most elements to look at
	blocks  []blocks
	seen    sample
	why     string
	whatIfs []whatIf
}

// cmdMemoryExplain answers MEMORY EXPLAIN key [SAMPLES count]. Sums are exact for any value. Of elements the first count
// (1000, 0: all) are looked at if there are no more, and otherwise so many are drawn at random.
func cmdMemoryExplain(c *command.Ctx) {
	samples := int64(defaultSamples)
	switch {
	case len(c.Args) == 3:
	case len(c.Args) == 5 && command.Is(c.Args[3], "samples"):
		n, ok := c.Int(c.Args[4])
		if !ok {
			return
		}
		if n < 0 {
			c.SyntaxError()
			return
		}
		if samples = n; n == 0 {
			samples = math.MaxInt64
		}
	default:
		c.SyntaxError()
		return
	}
	it := c.DB.Lookup(c.Args[2], quiet)
	if !it.Exists() {
		c.Out.Null()
		return
	}
	x := explanation{c: c, e: it.Entry, samples: samples}
	own, ok := it.Entry.Bytes()
	if !ok {
		c.Out.Error(errUnknownType)
		return
	}
	x.own = own
	x.gather()
	x.reason()
	x.others(&it)
	x.reply()
}

// add notes an allocation, or several of the same size.
func (x *explanation) add(role string, p mem.Purpose, requested int, count int64) {
	class := mem.Usable(requested)
	x.blocks = append(x.blocks, blocks{role, p, class, count, count * int64(requested), count * int64(class)})
}

// reply writes the answer.
func (x *explanation) reply() {
	o, e := x.c.Out, x.e
	share := tableShare(x.c.DB)
	requested, known := int64(0), true
	for i := range x.blocks {
		if requested += x.blocks[i].requested; x.blocks[i].requested < 0 {
			known = false
		}
	}
	o.Map(13)
	o.BulkString("type")
	o.BulkString(e.Type().String())
	o.BulkString("encoding")
	o.BulkString(e.Encoding().String())
	o.BulkString("why")
	o.BulkString(x.why)
	o.BulkString("bytes")
	o.Int(x.own + share)
	o.BulkString("own")
	o.Int(x.own)
	o.BulkString("key.table")
	o.Int(share)
	o.BulkString("requested")
	x.intOrNull(requested, known)
	o.BulkString("entry")
	x.writeEntry()
	o.BulkString("elements")
	o.Int(x.seen.total)
	o.BulkString("sampled")
	o.Int(x.seen.looked)
	o.BulkString("sample.error")
	o.Double(x.seen.bound())
	o.BulkString("allocations")
	o.Array(len(x.blocks))
	for i := range x.blocks {
		b := &x.blocks[i]
		o.Map(6)
		o.BulkString("role")
		o.BulkString(b.role)
		o.BulkString("purpose")
		o.BulkString(b.purpose.String())
		o.BulkString("class")
		x.intOrNull(int64(b.class), b.class > 0)
		o.BulkString("count")
		x.intOrNull(b.count, b.count >= 0)
		o.BulkString("requested")
		x.intOrNull(b.requested, b.requested >= 0)
		o.BulkString("usable")
		o.Int(b.usable)
	}
	o.BulkString("what.if")
	o.Array(len(x.whatIfs))
	for i := range x.whatIfs {
		w := &x.whatIfs[i]
		o.Map(5)
		o.BulkString("change")
		o.BulkString(w.change)
		o.BulkString("encoding")
		o.BulkString(w.encoding)
		o.BulkString("own")
		o.Int(w.bytes)
		o.BulkString("difference")
		o.Int(w.bytes - x.own)
		o.BulkString("exact")
		o.Int(int64(b2i(w.exact)))
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (x *explanation) intOrNull(n int64, known bool) {
	if known {
		x.c.Out.Int(n)
	} else {
		x.c.Out.Null()
	}
}

// writeEntry draws the entry's own block apart.
func (x *explanation) writeEntry() {
	o, l := x.c.Out, x.e.Layout()
	o.Map(6)
	o.BulkString("header")
	o.Int(int64(l.Head))
	o.BulkString("key")
	o.Int(int64(l.Key))
	o.BulkString("expiry")
	o.Int(int64(l.Expiry))
	o.BulkString("value")
	o.Int(int64(l.Value))
	o.BulkString("requested")
	o.Int(int64(x.e.Size()))
	o.BulkString("usable")
	o.Int(int64(mem.Usable(x.e.Size())))
}
