package table

import (
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"granary/internal/invariants"
	"granary/internal/mem"
)

// Keys with the plain hash: the hash, and a number if several have the same.
func plainKey(h uint64, n int) string {
	return string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, h), uint32(n)))
}

// clusters returns hashes that lie in groups of 30, each within 2^-depth of all hashes.
func clusters(rnd *rand.Rand, groups int, depth uint) (hs []uint64) {
	for range groups {
		top := rnd.Uint64() >> (64 - depth) << (64 - depth)
		for range 30 {
			hs = append(hs, top|rnd.Uint64()>>depth)
		}
	}
	return hs
}

// TestOrders inserts keys in orders that chance does not make, while a scan is under way, and deletes them in others. At every
// step the table is whole, the scan loses nothing, and in the end all is given back.
func TestOrders(t *testing.T) {
	t.Logf("seed %d", *seedFlag)
	fixSeed(t, plain)
	rnd := rand.New(rand.NewPCG(*seedFlag, 8))
	uniform := make([]uint64, 3000)
	for i := range uniform {
		uniform[i] = rnd.Uint64()
	}
	corner := slices.Clone(uniform[:2000])
	for i := range corner[:600] {
		corner[i] >>= 13
	}
	deepest := uint(18)
	if raceBuild {
		deepest, uniform, corner = 12, uniform[:1000], corner[:900]
	}
	orders := []struct {
		name string
		sort func(hs []uint64)
	}{
		{"ascending", func(hs []uint64) { slices.Sort(hs) }},
		{"descending", func(hs []uint64) { slices.Sort(hs); slices.Reverse(hs) }},
		{"bit-reversed", func(hs []uint64) { slices.SortFunc(hs, cmpReversed) }},
		{"shuffled", func(hs []uint64) { rnd.Shuffle(len(hs), func(i, j int) { hs[i], hs[j] = hs[j], hs[i] }) }},
	}
	for i, set := range []struct {
		name   string
		hashes []uint64
	}{
		{"uniform", uniform},
		{"corner", corner},
		{"clusters", clusters(rnd, 30, 9)},
		{"deep clusters", clusters(rnd, 20, deepest)},
	} {
		for j, in := range orders {
			out := orders[(i+j)%len(orders)]
			t.Run(set.name+"/"+in.name+"/"+out.name, func(t *testing.T) {
				for _, expected := range []int{0, 3 * len(set.hashes), math.MaxInt} {
					orderCase(t, slices.Clone(set.hashes), in.sort, out.sort, j%2*3, expected)
				}
			})
		}
	}
}

func cmpReversed(a, b uint64) int {
	if bits.Reverse64(a) < bits.Reverse64(b) {
		return -1
	}
	return 1
}

func orderCase(t *testing.T, hs []uint64, first, second func([]uint64), every, expected int) {
	m := newModel(t)
	m.t.Expect(expected)
	steps := 0
	check := func() {
		// Looking at everything takes as long as some hundred inserts.
		if steps++; len(m.keys) < 100 || steps%197 == 0 {
			m.check()
		}
	}
	first(hs)
	s := scanBeside(m)
	for i, h := range hs {
		ms := int64(0)
		if every > 0 && i%every == 0 {
			ms = int64(1_000_000 + i)
		}
		m.set(plainKey(h, 0), ms)
		check()
		s.step(i%5 == 0)
	}
	m.verifyAll()
	second(hs)
	for i, h := range hs {
		s.gone(plainKey(h, 0))
		m.del(plainKey(h, 0))
		check()
		s.step(i%5 == 0)
	}
	for range 100 {
		m.t.NextExpired(never - 1)
	}
	if want := int64(mem.Usable(rootBytes) + mem.Usable(bucketSize)); m.t.Bytes() != want {
		t.Errorf("an emptied table holds %d bytes, want %d", m.t.Bytes(), want)
	}
	if s.rounds < 2 {
		t.Errorf("%d scans came to their end", s.rounds)
	}
	m.free()
}

// scan is a scan while the table changes: what is there from its beginning to its end must come.
type scan struct {
	m      *model
	cursor uint64
	missed map[string]bool
	rounds int
}

func scanBeside(m *model) *scan {
	return &scan{m: m, missed: map[string]bool{}}
}

func (s *scan) gone(key string) { delete(s.missed, key) }

// step goes on; whole: to the end, and a new scan begins.
func (s *scan) step(whole bool) {
	for n := 0; n < 3 || whole; n++ {
		s.cursor = s.m.t.Scan(s.cursor, func(e mem.Ref) { s.gone(string(entryKey(e))) })
		if s.cursor != 0 {
			continue
		}
		for key := range s.missed {
			s.m.tb.Fatalf("%x was not returned", key)
		}
		s.rounds++
		for key := range s.m.keys {
			s.missed[key] = true
		}
		return
	}
}

// TestRanges fills tables with keys whose hashes lie in a range of any width, anywhere: some forty of them may lie in two buckets
// of a small segment that are one in a larger segment, and in a half of it.
func TestRanges(t *testing.T) {
	t.Logf("seed %d", *seedFlag)
	fixSeed(t, plain)
	a := noLeak(t)
	for i := range uint64(400) {
		rnd := rand.New(rand.NewPCG(*seedFlag, i))
		from, shift := rnd.Uint64(), rnd.IntN(12)
		hs := make([]uint64, 36+rnd.IntN(1000))
		for i := range hs {
			hs[i] = from + rnd.Uint64()>>shift
		}
		if i%2 == 0 {
			slices.Sort(hs)
		}
		tab := New(a, testKind)
		for n, h := range hs {
			tab.Insert(h, newEntry(a, []byte(plainKey(h, n)), int64(i%3)))
			if n < 60 {
				if err := tab.Check(); err != nil {
					t.Fatalf("case %d, %d keys: %v", i, n+1, err)
				}
			}
		}
		if err := tab.Check(); err != nil || tab.Len() != len(hs) {
			t.Fatalf("case %d: %d of %d keys: %v", i, tab.Len(), len(hs), err)
		}
		tab.Free(func(e mem.Ref) { freeEntry(a, e) })
	}
}

// TestSamePrefix is the limit that remains: keys whose hashes agree in more bits than the deepest segment tells apart. They are
// refused, as when there is no memory for them, and nothing has changed.
func TestSamePrefix(t *testing.T) {
	fixSeed(t, plain)
	m := newModel(t)
	for i := range 500 {
		m.set(plainKey(uint64(i)<<55, 0), 0)
	}
	const same = 0x1234_5678_9000_0000
	before, refused := int64(0), 0
	for i := range 60 {
		e := newEntry(m.a, []byte(plainKey(same, i)), 0)
		before = m.t.Bytes()
		if insertOrNot(&m.t, e) {
			m.keys[plainKey(same, i)] = 0
			continue
		}
		refused++
		freeEntry(m.a, e)
		if m.t.Bytes() != before {
			t.Fatalf("a refused insert changed %d bytes to %d", before, m.t.Bytes())
		}
		m.check()
	}
	if refused < 10 || refused > 26 {
		t.Errorf("%d of 60 keys with one hash were refused", refused)
	}
	// Others go on.
	for i := range 500 {
		m.set(plainKey(uint64(i)<<55|1, 0), 0)
	}
	m.verifyAll()
	m.free()
}

// TestBytesInOrder prints what a table takes whose keys came in the order of their hashes, as those of another table do, and the
// longest insert. The limits are those of TestBytesPerKey, for tables of the same number of keys.
func TestBytesInOrder(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	fixSeed(t, 1)
	n := 300_000
	if raceBuild || invariants.Enabled {
		n = 30_000
	}
	a := noLeak(t)
	for name, sort := range map[string]func(x, y uint64) int{
		"ascending":    func(x, y uint64) int { return int(x>>32) - int(y>>32) },
		"descending":   func(x, y uint64) int { return int(y>>32) - int(x>>32) },
		"bit-reversed": cmpReversed,
	} {
		for _, n := range []int{n / 30, n / 7, n / 3, n} {
			es := make([]mem.Ref, n)
			for i := range es {
				es[i] = newNumber(a, i)
			}
			slices.SortFunc(es, func(x, y mem.Ref) int { return sort(Hash(numberKind.Key(x)), Hash(numberKind.Key(y))) })
			tab := New(a, numberKind)
			longest, at := time.Duration(0), 0
			for i, e := range es {
				cpu := cpuTime()
				tab.Insert(Hash(numberKind.Key(e)), e)
				if d := cpuTime() - cpu; d > longest {
					longest, at = d, i+1
				}
			}
			per := float64(tab.Bytes()) / float64(n)
			t.Logf("%-12s %7d keys: %6.3f bytes per key; longest insert %v of processor time, at %d", name, n, per, longest, at)
			if per > 10 {
				t.Errorf("%s, %d keys: %.3f bytes per key", name, n, per)
			}
			if err := tab.Check(); err != nil {
				t.Error(err)
			}
			tab.Free(freeNumber(a))
		}
	}
}
