package quicklist

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"granary/internal/encoding/listpack"
	"granary/internal/invariants"
	"granary/internal/mem"
)

var seedFlag = flag.Uint64("seed", 1, "seed of the random histories")

// step does one random operation. grow says whether the list is to become longer.
func (m *model) step(rnd *rand.Rand, elem func() string, grow bool) {
	n := len(m.want)
	some := func() string { // mostly one that is there
		if n == 0 || rnd.IntN(4) == 0 {
			return elem()
		}
		return m.want[rnd.IntN(n)]
	}
	switch op := rnd.IntN(20); {
	case op < 10 && grow, n == 0:
		switch rnd.IntN(4) {
		case 0:
			m.pushHead(elem())
		case 1:
			m.pushTail(elem())
		default:
			m.insert(rnd.IntN(n+1), elem())
		}
	case op < 10:
		switch rnd.IntN(5) {
		case 0:
			m.pop(true)
		case 1:
			m.pop(false)
		case 2:
			m.deleteRange(rnd.IntN(n+1), rnd.IntN(1+n/50+rnd.IntN(3)))
		case 3:
			if rnd.IntN(10) == 0 {
				m.deleteRange(rnd.IntN(n), 1+rnd.IntN(1+n/3))
			} else {
				m.deleteRange(rnd.IntN(n), 1)
			}
		default:
			m.remove(some(), rnd.IntN(3), rnd.IntN(2) == 0)
		}
	case op == 10:
		m.rotate(rnd.IntN(2) == 0)
	case op == 11:
		m.set(rnd.IntN(n), elem())
	case op == 12:
		m.set(rnd.IntN(n), some())
	case op == 13:
		m.walk(rnd, elem)
	case op == 14:
		m.find(rnd.IntN(n), some(), rnd.IntN(n+1), rnd.IntN(2) == 0)
	case op == 15 && rnd.IntN(20) == 0:
		m.dup(rnd.IntN(2) == 0)
	case op == 19:
		m.l = Open(m.l.st, m.l.Root()) // a list is its root block
	case op == 16 && rnd.IntN(20) == 0:
		m.relocate()
	case op == 17 && rnd.IntN(20) == 0:
		lp := listpack.New(make([]byte, listpack.EmptySize, 1<<12))
		for range 1 + rnd.IntN(5) {
			s := fmt.Sprint(rnd.IntN(1000))
			lp = lp.Append(of(s))
			m.want = append(m.want, s)
		}
		m.l.AppendListpack(lp)
	case op == 18 && rnd.IntN(20) == 1:
		start := rnd.IntN(1 + n/10)
		m.trim(start, 1+rnd.IntN(n-start))
	case op == 18 && rnd.IntN(20) == 0:
		s := elem()
		m.want = append(m.want, s)
		m.l.AppendPlain([]byte(s))
	default:
		m.at(rnd.IntN(n + 2))
	}
}

// TestRandomHistories compares lists of all settings with a Go slice.
func TestRandomHistories(t *testing.T) {
	t.Logf("seed %d", *seedFlag)
	for _, fill := range []int{-5, -2, -1, 0, 2, 3, 16, 128} {
		for _, depth := range []int{0, 1, 3} {
			for _, threshold := range []int{0, 1, 60} {
				if threshold == 1 && fill != -2 && fill != 3 {
					continue
				}
				t.Run(fmt.Sprintf("fill %d depth %d threshold %d", fill, depth, threshold), func(t *testing.T) {
					rnd := rand.New(rand.NewPCG(*seedFlag, uint64(fill+10)<<20|uint64(depth)<<10|uint64(threshold)))
					m := newModel(t, fill, depth)
					m.l.st.SetPackedThreshold(threshold)
					elem := elements(rnd, 20000)
					steps, peak := 4000, 2500
					if fill > 3 || fill < 0 {
						steps, peak = 8000, 4000
					}
					if raceBuild {
						steps, peak = steps/16, peak/8
					} else if invariants.Enabled {
						steps /= 4
					}
					goal := 0
					for i := range steps {
						if i%(1+steps/7) == 0 {
							goal = rnd.IntN(peak)
						}
						m.step(rnd, elem, len(m.want) < goal)
						if i%(1+steps/40) == 0 || len(m.want) < 20 && i%10 == 0 {
							m.verify()
						}
					}
					m.verify()
					for len(m.want) > 0 {
						m.deleteRange(rnd.IntN(len(m.want)), 1+rnd.IntN(1+len(m.want)/8))
					}
					m.check()
					if want := int64(mem.Usable(rootBytes)); m.l.Bytes() != want {
						t.Errorf("an emptied list holds %d bytes", m.l.Bytes())
					}
					m.free()
				})
			}
		}
	}
}

// TestDeepTrees grows trees of several levels, at the ends and in the middle, and takes them apart in all ways.
func TestDeepTrees(t *testing.T) {
	size := 150_000
	if raceBuild || invariants.Enabled {
		size = 12_000
	}
	for name, grow := range map[string]func(m *model, i int){
		"tail":   func(m *model, i int) { m.pushTail(fmt.Sprint(i)) },
		"head":   func(m *model, i int) { m.l.PushHead(of(fmt.Sprint(i))); m.want = append(m.want, fmt.Sprint(i)) },
		"middle": func(m *model, i int) { m.l.Insert(i/2, of(fmt.Sprint(i))) },
		"both": func(m *model, i int) {
			if i%2 == 0 {
				m.l.PushTail(of(fmt.Sprint(i)))
			} else {
				m.l.PushHead(of(fmt.Sprint(i)))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(*seedFlag, 5))
			m := newModel(t, 1, 0)
			for i := range size {
				grow(m, i)
			}
			switch name {
			case "head":
				slices.Reverse(m.want)
			case "middle", "both":
				m.want = m.want[:0]
				for it := m.l.From(0); it.Valid(); it.Next() {
					m.want = append(m.want, text(it.Elem()))
				}
				sorted := slices.Clone(m.want)
				slices.Sort(sorted)
				if len(slices.Compact(sorted)) != size {
					t.Fatal("elements are lost")
				}
			}
			m.verify()
			levels := m.l.head()[rootLevels]
			per := float64(m.l.Bytes()) / float64(size)
			t.Logf("%d nodes, %d levels, %.2f bytes per node beside its block", m.l.Nodes(), levels, per-16)
			if levels < 3 {
				t.Errorf("%d levels", levels)
			}
			for range 2000 {
				m.at(rnd.IntN(size))
			}
			for len(m.want) > 1000 {
				n := len(m.want)
				m.deleteRange(rnd.IntN(n), 1+rnd.IntN(n/4))
				if rnd.IntN(4) == 0 {
					m.check()
					m.at(rnd.IntN(len(m.want)))
				}
			}
			m.verify()
			if levels := m.l.head()[rootLevels]; levels > 3 {
				t.Errorf("%d levels above %d nodes", levels, m.l.Nodes())
			}
			for len(m.want) > 0 {
				m.deleteRange(rnd.IntN(len(m.want)), 1)
			}
			m.check()
			m.free()
		})
	}
}

// scaled makes a test shorter in race builds, where everything takes 30 times as long.
func scaled(n int) int {
	if raceBuild {
		return n / 10
	}
	return n
}

// TestQueue passes elements through lists of a steady length: the gap before the listpack must not grow, nor the list.
func TestQueue(t *testing.T) {
	for _, length := range []int{1, 10, 1000} {
		for _, depth := range []int{0, 1} {
			m := newModel(t, -2, depth)
			most := int64(0)
			for i := range scaled(20000) {
				s := fmt.Sprintf("message %d", i)
				m.l.PushHead(of(s))
				if m.l.Len() > length {
					if e, _ := m.l.Tail(); text(e) != fmt.Sprintf("message %d", i-length) {
						t.Fatalf("%q at the end", text(e))
					}
					m.l.PopTail()
				}
				most = max(most, m.l.Bytes())
			}
			for i := range scaled(20000) { // the other way
				m.l.PushTail(of(fmt.Sprintf("message %d", i)))
				if m.l.Len() > length {
					m.l.PopHead()
				}
				most = max(most, m.l.Bytes())
			}
			if limit := int64(length*20*2 + 200); most > limit+8192 || length == 1 && most > 200 {
				t.Errorf("a queue of %d takes %d bytes", length, most)
			}
			if err := m.l.Check(); err != nil {
				t.Fatal(err)
			}
			m.free()
		}
	}
}

// TestFreeSlice frees lists a few nodes at a time.
func TestFreeSlice(t *testing.T) {
	for _, n := range []int{0, 1, 100, 20000} {
		m := newModel(t, 2, 1)
		for i := range n {
			m.l.PushTail(of(fmt.Sprint(i)))
		}
		slices, nodes := 0, m.l.Nodes()
		for !m.l.FreeSlice(7) {
			slices++
			if got := m.a.Books().Total.Usable; got != m.l.Bytes() {
				t.Fatalf("Bytes is %d, the books say %d", m.l.Bytes(), got)
			}
			if got := m.l.Nodes(); got != nodes-7*slices {
				t.Fatalf("%d nodes after %d slices, had %d", got, slices, nodes)
			}
		}
		if m.l.Root() != 0 || slices != nodes/7 && slices != nodes/7-1 {
			t.Errorf("%d nodes in %d slices", nodes, slices)
		}
	}
}

// TestLimits pins how much goes in a node.
func TestLimits(t *testing.T) {
	check := func(fill, size, want int) {
		t.Helper()
		m := newModel(t, fill, 0)
		for m.l.Nodes() < 2 {
			m.l.PushTail(of(strings.Repeat("x", size)))
		}
		if got := m.l.Node(0).Count; got != want {
			t.Errorf("fill %d: %d elements of %d bytes in a node, want %d", fill, got, size, want)
		}
		m.free()
	}
	// floor((limit - size - 8 - 7) / (size + 2)) + 1, for sizes with one byte each before and behind
	check(-2, 16, 454)
	check(-1, 16, 226)
	check(-5, 16, 3640)
	check(-2, 60, 131)
	check(0, 16, 1)
	check(1, 16, 1)
	check(128, 16, 128)
	check(1000, 16, 454) // the safety limit

	for fill, want := range map[int]int{-6: -5, 1 << 20: MaxFill, 7: 7} {
		m := newModel(t, fill, 1<<20)
		if m.l.Fill() != want || m.l.Depth() != MaxDepth {
			t.Errorf("fill %d is %d, depth %d", fill, m.l.Fill(), m.l.Depth())
		}
		m.free()
	}
	exceeds := func(fill, bytes, elems int, want bool) {
		t.Helper()
		if Exceeds(fill, bytes, elems) != want {
			t.Errorf("Exceeds(%d, %d, %d) is %v", fill, bytes, elems, !want)
		}
	}
	exceeds(-2, 8192, 5000, false)
	exceeds(-2, 8193, 1, true)
	exceeds(-5, 65536, 1, false)
	exceeds(128, 100, 128, false)
	exceeds(128, 100, 129, true)
	exceeds(128, 8193, 1, true)
	exceeds(0, 10, 2, true)
}

// TestPlain pins which elements get a node of their own.
func TestPlain(t *testing.T) {
	check := func(fill, threshold, size int, want bool) {
		t.Helper()
		m := newModel(t, fill, 0)
		m.l.st.SetPackedThreshold(threshold)
		m.pushTail("a")
		m.insert(1, strings.Repeat("x", size))
		m.pushTail("b")
		if i := m.l.Info(); i.Plain == 1 != want {
			t.Errorf("fill %d, threshold %d: %d bytes: %+v", fill, threshold, size, i)
		}
		m.verify()
		m.free()
	}
	check(-2, 0, 8192, false)
	check(-2, 0, 8193, true)
	check(-5, 0, 65536, false)
	check(-5, 0, 65537, true)
	check(128, 0, 8192, false)
	check(128, 0, 8193, true)
	check(-2, 100, 99, false)
	check(-2, 100, 100, true)
	check(-2, 1<<30, 65536, false)
	check(-2, 1<<30, 65537, true)
}

// TestInsertLong: long elements in full nodes must not leave crumbs.
func TestInsertLong(t *testing.T) {
	for _, size := range []int{4000, 8000, 9000} {
		m := newModel(t, -2, 0)
		for i := range 2000 {
			m.pushTail(fmt.Sprintf("short %d", i))
		}
		before := m.l.Nodes()
		for i := range 10 {
			m.insert(150*i+70, strings.Repeat("x", size))
		}
		if got := m.l.Nodes() - before; got > 30 {
			t.Errorf("10 insertions of %d bytes made %d nodes", size, got)
		}
		m.verify()
		m.remove(strings.Repeat("x", size), 0, false)
		m.verify()
		m.free()
	}
}

// TestMerging: a list that has lost most of its elements here and there has few nodes.
func TestMerging(t *testing.T) {
	for _, depth := range []int{0, 2} {
		for _, back := range []bool{false, true} {
			m := newModel(t, -2, depth)
			for i := range scaled(30000) {
				m.pushTail([]string{"same", "same", fmt.Sprint("other ", i)}[min(i%100, 2)])
			}
			for i := range m.want {
				if i%100 != 0 {
					m.want[i] = "same"
					m.l.Set(i, of("same"))
				} else {
					m.want[i] = fmt.Sprint("kept ", i)
					m.l.Set(i, of(m.want[i]))
				}
			}
			m.remove("same", 0, back)
			m.verify()
			if n := m.l.Nodes(); n > 3 {
				t.Errorf("%d elements in %d nodes", len(m.want), n)
			}
			m.free()
		}
	}
}

// TestCompression: nodes inside are compressed, reading changes nothing, iterators may take turns.
func TestCompression(t *testing.T) {
	m := newModel(t, -2, 1)
	for i := range 20000 {
		m.pushTail(fmt.Sprintf("this element has the number %d", i))
	}
	m.verify()
	i := m.l.Info()
	if i.Compressed != i.Nodes-2 || i.NodeBytes > i.RawBytes/2 || i.Depth != 1 || i.Fill != -2 {
		t.Errorf("%+v", i)
	}
	if avg := 20000 / float64(i.Nodes); i.AvgNode != avg {
		t.Errorf("average %f, want %f", i.AvgNode, avg)
	}
	bytes := m.l.Bytes()
	a, b := m.l.From(100), m.l.BackFrom(19000)
	for range 15000 {
		if text(a.Elem()) != m.want[a.Index()] || text(b.Elem()) != m.want[b.Index()] {
			t.Fatalf("at %d: %q, at %d: %q", a.Index(), text(a.Elem()), b.Index(), text(b.Elem()))
		}
		a.Next()
		b.Next()
	}
	if m.l.Bytes() != bytes {
		t.Error("reading changed the list")
	}
	for j := range m.l.Nodes() {
		n := m.l.Node(j)
		if n.Compressed != (j > 0 && j < m.l.Nodes()-1) || n.Plain || n.Count == 0 || len(n.Data) > n.Size {
			t.Fatalf("node %d: %+v", j, n)
		}
	}
	m.free()
}

// TestListpack: conversion from and to a listpack.
func TestListpack(t *testing.T) {
	lp := listpack.New(make([]byte, listpack.EmptySize, 1<<17))
	m := newModel(t, -2, 0)
	for i := range 800 {
		s := fmt.Sprint("element ", i)
		lp = lp.Append(of(s))
		m.want = append(m.want, s)
	}
	if !Exceeds(-2, len(lp), lp.Len()) {
		t.Fatalf("a listpack of %d bytes is no quicklist", len(lp))
	}
	m.l.AppendListpack(lp)
	m.verify()
	if m.l.Nodes() != 1 || string(m.l.Node(0).Data) != string(lp) {
		t.Error("the node is not the listpack")
	}
	check := func(fill int, half, want bool) {
		t.Helper()
		got, ok := m.l.Listpack(fill, half)
		if ok != want || ok && (len(got) != m.l.Node(0).Size || got.Len() != m.l.Len()) {
			t.Errorf("%d elements in %d bytes, fill %d, half %v: %v", m.l.Len(), m.l.Node(0).Size, fill, half, ok)
		}
	}
	check(-2, false, false)
	check(-3, false, true)
	check(-3, true, false)
	check(-5, true, true)
	check(799, false, false)
	check(800, false, true)
	check(1599, true, false)
	check(1600, true, true)
	for m.l.Node(0).Size > 4096 {
		m.pop(true)
	}
	check(-2, true, true)
	m.pushTail("and one more")
	check(-2, true, false)
	for m.l.Nodes() == 1 {
		m.pushTail("more and more")
	}
	check(-5, false, false)
	m.verify()
	m.free()

	// A listpack that no node can be is taken apart.
	m = newModel(t, -2, 0)
	m.want = nil
	for i := len(lp); i < 100_000; i = len(lp) {
		lp = lp.Append(of("another"))
	}
	for p := lp.First(); p != 0; p = lp.Next(p) {
		m.want = append(m.want, text(lp.Get(p)))
	}
	m.l.AppendListpack(lp)
	m.l.AppendListpack(listpack.New(make([]byte, listpack.EmptySize)))
	m.verify()
	if m.l.Nodes() < 10 {
		t.Errorf("%d nodes", m.l.Nodes())
	}
	m.free()
	m = newModel(t, -2, 0)
	m.l.AppendPlain([]byte("5"))
	m.want = []string{"5"}
	check(-2, false, false)
	m.find(0, "5", 0, false)
	m.verify()
	m.free()
}

// TestLayout pins the sizes that are drawn.
func TestLayout(t *testing.T) {
	for _, s := range blockSizes {
		if mem.Usable(int(s)) != int(s) {
			t.Errorf("%d bytes are no size class", s)
		}
	}
	if mem.Usable(rootBytes) != rootBytes {
		t.Errorf("the root of %d bytes takes %d", rootBytes, mem.Usable(rootBytes))
	}
	for _, n := range []node{
		{ref: 1<<40 - 1, count: 1<<16 - 1, size: maxPacked, off: 1<<21 - 1, alloc: 1<<21 - 1, kind: stiff},
		{ref: 5, count: 1, size: 1 << 40, alloc: 1 << 40, kind: plain},
		{ref: 5, count: 1, size: 1<<32 - 1, alloc: 1<<32 - 1, kind: plain | packedLZF},
		{ref: 5, count: 300, size: 7000, alloc: 300, kind: packedLZF},
	} {
		var b [slotBytes]byte
		n.store(b[:])
		if got := loadNode(b[:]); got != n {
			t.Errorf("got %+v, want %+v", got, n)
		}
	}
}
