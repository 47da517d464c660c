package memory

import (
	"math"
	"math/rand/v2"
	"slices"

	"granary/internal/encoding/hash"
	"granary/internal/encoding/listpack"
	"granary/internal/encoding/quicklist"
	"granary/internal/encoding/set"
	"granary/internal/encoding/stream"
	"granary/internal/encoding/zset"
	"granary/internal/mem"
	"granary/internal/object"
	lists "granary/internal/types/list"
	zsets "granary/internal/types/zset"
)

// The allocations of a value. What tables and trees consist of is counted, which takes a step for some hundred elements;
// elements with a block of their own are looked at up to a number, and their classes scaled up beyond.

// sample is what was seen of the elements of a value.
type sample struct {
	total  int64 // elements
	looked int64 // at how many
	nodes  int64 // the same for nodes of lists and streams
	all    int64

	longest int   // bytes of the longest text
	flat    int64 // bytes that those looked at would take in a listpack
	classes map[int]tally
}

// tally is elements of one size class.
type tally struct{ count, requested int64 }

// exact tells whether every element was looked at.
func (s *sample) exact() bool { return s.looked >= s.total }

// bound returns by how many per cent of all elements the count of a class may be wrong, with a confidence of 95%: half of
// the width of the interval for a share near one half, which is the widest.
func (s *sample) bound() float64 {
	n, of := s.looked, s.total
	if s.all > 0 {
		n, of = s.nodes, s.all
	}
	if n >= of {
		return 0
	}
	return math.Round(100*98/math.Sqrt(float64(max(n, 1)))) / 100
}

// scale returns what is true of all elements if n is true of those looked at.
func (s *sample) scale(n int64) int64 {
	if s.exact() {
		return n
	}
	return int64(math.Round(float64(n) * float64(s.total) / float64(s.looked)))
}

// block notes an element that has a block of its own.
func (s *sample) block(requested int) {
	if s.classes == nil {
		s.classes = map[int]tally{}
	}
	c := mem.Usable(requested)
	t := s.classes[c]
	s.classes[c] = tally{t.count + 1, t.requested + int64(requested)}
}

// text notes a text of an element.
func (s *sample) text(b []byte) {
	s.longest = max(s.longest, len(b))
	s.flat += int64(listpack.EncodedSize(b))
}

// gather finds the allocations.
func (x *explanation) gather() {
	e := x.e
	x.add("entry", e.Purpose(), e.Size(), 1)
	switch {
	case e.Type() == object.String:
		x.seen.total, x.seen.looked = 1, 1
		if e.Encoding() == object.Raw {
			x.add("string", mem.PurposeString, object.RawSize(e.Root()), 1)
		}
	case e.IsFlat():
		x.gatherFlat()
	case e.Type() == object.Hash:
		h := hash.Open(nil, e.Root())
		h.TableBlocks(x.add)
		x.gatherHash(&h)
		x.elements("fields", mem.PurposeHashEntry)
	case e.Type() == object.Set:
		s := set.Open(nil, e.Root())
		s.TableBlocks(x.add)
		x.gatherSet(&s)
		x.elements("members", mem.PurposeSetMember)
	case e.Type() == object.ZSet:
		z := zset.Open(nil, e.Root())
		z.TableBlocks(x.add)
		x.add("root of table and tree", mem.PurposeZSetIndex, zset.RootBytes, 1)
		x.tree(&z)
		x.gatherZSet()
		x.elements("members", mem.PurposeZSetMember)
	case e.Type() == object.List:
		x.gatherList()
	case e.Type() == object.Stream:
		x.gatherStream()
	}
}

// tree adds the blocks of a sorted set's tree, or their sum if they are very many.
func (x *explanation) tree(z *zset.Set) {
	const nodes = 64
	from := len(x.blocks)
	if z.TreeBlocks(nodes, func(role string, requested int, count int64) { x.add(role, mem.PurposeZSetIndex, requested, count) }) && !z.HasRemoved() {
		return
	}
	_, index, _ := z.Bytes()
	x.blocks = append(x.blocks[:from], blocks{"tree", mem.PurposeZSetIndex, 0, -1, -1, index - int64(mem.Usable(zset.RootBytes))})
}

// gatherFlat looks at a flat value, which is small.
func (x *explanation) gatherFlat() {
	e, s := x.e, &x.seen
	if !e.Embedded() {
		x.add(e.Encoding().String(), e.FlatPurpose(), len(e.Flat()), 1)
	}
	s.total = flatLen(e)
	s.looked = s.total
	if e.Encoding() == object.Intset {
		return
	}
	lp := listpack.Open(e.Flat())
	var digits listpack.Scratch
	for p := lp.First(); p != 0; p = lp.Next(p) {
		s.text(lp.Get(p).Text(&digits))
	}
}

// few tells whether all of n elements are looked at.
func (x *explanation) few(n int) bool {
	x.seen.total = int64(n)
	x.seen.looked = min(int64(n), x.samples)
	return int64(n) <= x.samples
}

func (x *explanation) gatherHash(h *hash.Hash) {
	s := &x.seen
	look := func(f hash.Field) bool {
		s.text(f.Name())
		s.text(f.Value())
		s.block(f.Size())
		return true
	}
	if x.few(h.Len()) {
		h.Each(look)
		return
	}
	for range s.looked {
		look(h.Random(rand.Uint64()))
	}
}

func (x *explanation) gatherSet(m *set.Set) {
	s := &x.seen
	look := func(r mem.Ref) {
		b := set.Member(r)
		s.text(b)
		s.block(set.MemberSize(len(b)))
	}
	if x.few(m.Len()) {
		w := m.Walk()
		for refs := w.Next(); len(refs) > 0; refs = w.Next() {
			for _, r := range refs {
				look(r)
			}
		}
		return
	}
	for range s.looked {
		look(m.Random(rand.Uint64()))
	}
}

func (x *explanation) gatherZSet() {
	v, s := zsets.OfEntry(nil, x.e), &x.seen
	var digits zsets.Scratch
	look := func(c *zsets.Cursor) {
		m := c.Member(&digits)
		s.longest = max(s.longest, len(m))
		s.flat += int64(zsets.PairSize(m, c.Score()))
		s.block(zset.MemberSize(len(m)))
	}
	if n := v.Len(); x.few(n) {
		c := v.At(0)
		for ; c.Valid(); c.Next() {
			look(&c)
		}
	} else {
		for range s.looked {
			c := v.At(rand.IntN(n))
			look(&c)
		}
	}
}

// elements adds the classes of elements, ascending.
func (x *explanation) elements(role string, p mem.Purpose) {
	sizes := make([]int, 0, len(x.seen.classes))
	for c := range x.seen.classes {
		sizes = append(sizes, c)
	}
	slices.Sort(sizes)
	for _, c := range sizes {
		t := x.seen.classes[c]
		n := x.seen.scale(t.count)
		x.blocks = append(x.blocks, blocks{role, p, c, n, x.seen.scale(t.requested), n * int64(c)})
	}
}

// gatherList looks at the first nodes of a list.
func (x *explanation) gatherList() {
	l := quicklist.Open(object.Lists(x.c.Keys().Arena), x.e.Root())
	s := &x.seen
	s.total, s.looked, s.all = int64(l.Len()), int64(l.Len()), int64(l.Nodes())
	from := len(x.blocks)
	nodes := l.Blocks(int(min(x.samples, 1<<40)), func(role string, p mem.Purpose, requested, usable, count int64) {
		x.blocks = append(x.blocks, blocks{role, p, int(usable / count), count, requested, usable})
	})
	s.nodes = int64(nodes)
	x.scaleNodes(from)
	v := lists.Of(x.c.Keys().Arena, x.e)
	var digits listpack.Scratch
	it := v.From(0, false)
	for n := int64(0); n < x.samples && it.Valid(); n++ {
		s.text(it.Elem().Text(&digits))
		it.Next()
	}
	s.looked = min(s.total, x.samples)
}

// gatherStream looks at the first nodes of a stream.
func (x *explanation) gatherStream() {
	st, s := stream.Open(x.c.Keys().Arena, x.e.Root()), &x.seen
	s.total, s.looked, s.all = int64(st.Len()), int64(st.Len()), int64(st.Nodes())
	from := len(x.blocks)
	s.nodes = int64(st.Blocks(int(min(x.samples, 1<<40)), func(role string, requested, usable, count int64) {
		x.blocks = append(x.blocks, blocks{role, mem.PurposeStream, int(usable / count), count, requested, usable})
	}))
	x.scaleNodes(from)
	if _, groups := st.BytesByPurpose(); groups > 0 {
		x.blocks = append(x.blocks, blocks{"consumer groups", mem.PurposeStreamGroup, 0, -1, -1, groups})
	}
}

// scaleNodes scales the rows from one on, but the root's, if not all nodes were looked at.
func (x *explanation) scaleNodes(from int) {
	s := &x.seen
	if s.nodes == s.all || s.nodes == 0 {
		return
	}
	for i := from + 1; i < len(x.blocks); i++ {
		b := &x.blocks[i]
		k := float64(s.all) / float64(s.nodes)
		b.count, b.requested = int64(math.Round(float64(b.count)*k)), int64(math.Round(float64(b.requested)*k))
		b.usable = b.count * int64(b.class)
	}
}
