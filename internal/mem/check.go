package mem

import (
	"fmt"
	"strings"

	"granary/internal/invariants"
)

// Check walks the whole range and panics if anything in it contradicts anything else: extents, page map, free sets, slab
// bitmaps, sets of slabs, and the books, which it counts anew.
//
// REQUIRES: nobody else uses any arena.
func Check() {
	openState.mu.Lock()
	defer openState.mu.Unlock()
	if !openState.open {
		return
	}
	l := &pages
	l.mu.Lock()
	defer l.mu.Unlock()
	c := checker{list: arenaList()}
	c.found = make([]arenaCount, len(c.list))
	for i, a := range c.list {
		if a != nil {
			c.found[i].slabs = make([]int64, len(a.bins))
			c.found[i].live = make([]int64, len(a.bins))
		}
	}
	c.walkExtents(l)
	l.dirty.check("dirty", stateDirty)
	l.clean.check("clean", stateClean)
	want("dirty pages", l.dirty.pages, c.dirty)
	want("clean pages", l.clean.pages, c.clean)
	want("active pages", l.active, c.active)
	for i, a := range c.list {
		if a != nil {
			a.check(&c.found[i])
		}
	}
}

// want panics if the books say got where the range shows counted.
func want[T int | int64 | uint32](what string, got, counted T) {
	if got != counted {
		bug("%s: the books say %d, the range shows %d", what, got, counted)
	}
}

// checker is what Check counts.
type checker struct {
	list                 []*Arena
	found                []arenaCount
	active, dirty, clean int
}

// arenaCount is what Check finds of one arena in the range.
type arenaCount struct {
	slabs, live []int64 // per slab class
	large       int64   // large regions
	largePages  int64
}

// walkExtents visits every extent from the first page to the frontier.
func (c *checker) walkExtents(l *pageLayer) {
	last := uint8(stateNone)
	p := uint32(1)
	for p < l.top {
		s := recordAt(*pageEntry(p))
		if s.start != p || s.pages == 0 || p+s.pages > l.top {
			bug("page %d: record %d describes pages %d to %d", p, s.id, s.start, s.start+s.pages)
		}
		end := s.start + s.pages
		if *pageEntry(end - 1) != s.id {
			bug("extent at page %d: its last page maps to record %d, not %d", p, *pageEntry(end - 1), s.id)
		}
		switch s.state {
		case stateSlab:
			c.active += int(s.pages)
			c.slab(s)
		case stateLarge:
			c.active += int(s.pages)
			c.large(s)
		case stateDirty, stateClean:
			if s.state == last {
				bug("page %d: free extent in state %d beside another", p, s.state)
			}
			if s.state == stateDirty {
				c.dirty += int(s.pages)
			} else {
				c.clean += int(s.pages)
			}
		case statePurging:
		default:
			bug("page %d: record %d in state %d", p, s.id, s.state)
		}
		last = s.state
		p = end
	}
	if last == stateClean {
		bug("the last extent is clean and not part of the frontier")
	}
}

func (c *checker) arena(s *record) (*Arena, *arenaCount) {
	id := s.key >> 16
	if int(id) >= len(c.list) || c.list[id] == nil {
		bug("extent at page %d: key %#x names no arena", s.start, s.key)
	}
	return c.list[id], &c.found[id]
}

// slab checks one slab: every page maps to it, and its bitmap, mask and count agree.
func (c *checker) slab(s *record) {
	a, n := c.arena(s)
	class := s.key & 0xffff
	if int(class) >= len(classes.slabs) {
		bug("slab at page %d: class %d", s.start, class)
	}
	k := &classes.slabs[class]
	if s.pages != k.pages || uint32(s.regs) != k.regions {
		bug("slab at page %d: %d pages and %d regions, class %d has %d and %d", s.start, s.pages, s.regs, class, k.pages, k.regions)
	}
	for p := s.start; p < s.start+s.pages; p++ {
		if *pageEntry(p) != s.id {
			bug("slab at page %d: page %d maps to record %d", s.start, p, *pageEntry(p))
		}
	}
	free := 0
	for i := uint(0); i < maxRegions; i++ {
		if i%64 == 0 {
			if i/64 >= uint(recordLines(int(s.regs))*8-4) {
				break
			}
			if i < uint(s.regs) && (*s.word(i / 64) != 0) != (s.mask>>(i/64)&1 != 0) {
				bug("slab at page %d: mask %#b, word %d is %#x", s.start, s.mask, i/64, *s.word(i / 64))
			}
		}
		if i >= uint(s.regs) {
			break
		}
		isFree := *s.word(i / 64)>>(i%64)&1 != 0
		r := s.ref() + Ref(i)*Ref(k.size/unitBytes)
		if isFree {
			free++
		}
		if invariants.Enabled {
			a.checkRegion(r, isFree, int(k.size))
		}
	}
	if int(s.live) != int(s.regs)-free {
		bug("slab at page %d: %d live regions counted, bitmap says %d", s.start, s.live, int(s.regs)-free)
	}
	b := &a.bins[class]
	if int(s.pos) >= len(b.slots) || b.slots[s.pos] != s.id || b.unused.has(s.pos) {
		bug("slab at page %d: not in slot %d", s.start, s.pos)
	}
	if offered := s != b.cur && s.mask != 0; b.nonfull.has(s.pos) != (offered && s.evac == 0) || b.evac.has(s.pos) != (s.evac != 0) {
		bug("slab at page %d: live %d of %d, evac %d: in the wrong set", s.start, s.live, s.regs, s.evac)
	}
	if s.live == 0 && s != b.cur {
		bug("slab at page %d: empty and not given back", s.start)
	}
	n.slabs[class]++
	n.live[class] += int64(s.live)
}

func (c *checker) large(s *record) {
	a, n := c.arena(s)
	if s.key&0xffff != largeClassBit || s.live != 1 {
		bug("large region at page %d: key %#x, live %d", s.start, s.key, s.live)
	}
	if invariants.Enabled {
		a.checkRegion(s.ref(), false, 0)
	}
	n.large++
	n.largePages += int64(s.pages)
}

// checkRegion compares one region with the map of live regions, and its bytes with what they must be.
func (a *Arena) checkRegion(r Ref, isFree bool, size int) {
	was, ok := a.live[r]
	switch {
	case isFree && ok:
		bug("%#x is free and has %d live bytes for %s", uint64(r), was.n, was.p)
	case isFree:
		if i := firstNot(Bytes(r, size), poisonFree); i >= 0 {
			bug("write after free: byte %d of %#x (class of %d bytes)", i, uint64(r), size)
		}
	case !ok:
		bug("%#x (class of %d bytes) is in use and nobody's", uint64(r), size)
	default:
		a.checkCanary(r, was.n, Usable(was.n), was.p)
	}
}

// check compares the arena's books with what Check found.
func (a *Arena) check(n *arenaCount) {
	var count, large int64
	var sums [2]int64
	for i := range a.bins {
		b := &a.bins[i]
		what := fmt.Sprintf("arena %s, class of %d bytes, ", a.name, b.size)
		want(what+"slabs", b.slabs, n.slabs[i])
		want(what+"live regions", b.liveCount(), n.live[i])
		want(what+"slots in use", int64(len(b.slots)-b.unused.count), n.slabs[i])
		b.unused.check(what + "unused slots")
		b.nonfull.check(what + "slabs with free regions")
		b.evac.check(what + "evacuated slabs")
		for p := range b.tally {
			c := &b.tally[p]
			if c.count < 0 || c.requested > c.count*b.size || c.requested < 0 {
				bug("%s%s: %d regions, %d bytes requested", what, Purpose(p), c.count, c.requested)
			}
			sums[sumOf[p]] += c.count * b.size
			count += c.count
		}
	}
	for i := range a.large {
		for p := range a.large[i] {
			c := &a.large[i][p]
			if c.count < 0 || c.requested > c.usable || c.requested < 0 {
				bug("arena %s, large, %s: %d regions, %d bytes requested, %d usable", a.name, Purpose(p), c.count, c.requested, c.usable)
			}
			sums[sumOf[p]] += c.usable
			count += c.count
			large += c.count
		}
	}
	want("arena "+a.name+", large regions", large, n.large)
	want("arena "+a.name+", pages of large regions", a.largePages, n.largePages)
	want("arena "+a.name+", bytes of no key's", a.sums[0], sums[0])
	want("arena "+a.name+", bytes of keys'", a.sums[1], sums[1])
	if invariants.Enabled {
		want("arena "+a.name+", map of live regions", int64(len(a.live)), count)
	}
}

// check walks the set's bins.
func (t *extentSet) check(what string, state uint8) {
	n := 0
	for i := range t.bins {
		h := &t.bins[i]
		h.check(what)
		if (len(h.e) > 0) != (t.filled[i/64]>>(i%64)&1 != 0) {
			bug("%s extents: bin %d has %d, its bit says otherwise", what, i, len(h.e))
		}
		for _, e := range h.e {
			s := recordAt(uint32(e))
			if s.state != state || pageBin(s.pages) != uint(i) {
				bug("%s extent at page %d: state %d, %d pages, in bin %d", what, s.start, s.state, s.pages, i)
			}
			n += int(s.pages)
		}
	}
	want(what+" extents' pages", t.pages, n)
}

// check looks at the heap's order and at its records' places.
func (h *pageHeap) check(what string) {
	for i, e := range h.e {
		s := recordAt(uint32(e))
		if s.pos != uint32(i)+1 || s.start != uint32(e>>32) {
			bug("%s: element %d is page %d, its record says place %d and page %d", what, i, e>>32, s.pos, s.start)
		}
		if i > 0 && h.e[(i-1)/2] >= e {
			bug("%s: element %d is below its parent", what, i)
		}
	}
}

// check compares each level of the set with the one below.
func (t *slotSet) check(what string) {
	want(what+": elements", t.count, len(t.appendSlots(nil, 1)))
	for l := 1; l < t.depth; l++ {
		for i, w := range t.levels[l-1] {
			if (w != 0) != (t.levels[l][i/64]>>(i%64)&1 != 0) {
				bug("%s: level %d, word %d is %#x, the level above says otherwise", what, l-1, i, w)
			}
		}
	}
}

// Leaks lists what is live, a line per arena and purpose, "" if nothing is.
//
// REQUIRES: as Used.
func Leaks() string {
	var s strings.Builder
	for _, a := range arenaList() {
		if a == nil {
			continue
		}
		b := a.Books()
		for p, t := range b.Purposes {
			if t.Count != 0 {
				fmt.Fprintf(&s, "arena %s, %s: %d regions, %d bytes requested, %d usable\n", a.name, Purpose(p), t.Count, t.Requested, t.Usable)
			}
		}
	}
	return s.String()
}

// CheckLeaks checks the range, then reports every live region as an error of the test. t is a *testing.T.
func CheckLeaks(t interface {
	Helper()
	Errorf(format string, args ...any)
},
) {
	t.Helper()
	Check()
	if s := Leaks(); s != "" {
		t.Errorf("off-heap memory leaked:\n%s", s)
	}
}
