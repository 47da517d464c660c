package quicklist

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"granary/internal/encoding/listpack"
	"granary/internal/mem"
)

// tried runs f and reports whether there was memory for it.
func tried(f func()) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			if r != error(mem.ErrOutOfMemory) {
				panic(r)
			}
			ok = false
		}
	}()
	f()
	return true
}

// ballast takes memory.
type ballast struct {
	a      *mem.Arena
	blocks []mem.Ref
	sizes  []int
}

// take takes all there is in blocks of a size.
func (b *ballast) take(size int) {
	for {
		var r mem.Ref
		if !tried(func() { r = b.a.Alloc(size, mem.PurposeOther) }) {
			return
		}
		b.blocks, b.sizes = append(b.blocks, r), append(b.sizes, size)
	}
}

// drop gives blocks back, the last first.
func (b *ballast) drop(n int) {
	for ; n > 0 && len(b.blocks) > 0; n-- {
		i := len(b.blocks) - 1
		b.a.Free(b.blocks[i], b.sizes[i], mem.PurposeOther)
		b.blocks, b.sizes = b.blocks[:i], b.sizes[:i]
	}
}

// TestOutOfMemory runs every operation while some, or no, memory is left. What is refused changes nothing, and removing
// what is not compressed works always.
func TestOutOfMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 4 << 20}); err != nil {
		t.Fatal(err) // another test of this process left memory behind
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Error(err)
		}
	})
	for _, fill := range []int{-1, 2} {
		for _, depth := range []int{0, 1} {
			t.Run(fmt.Sprintf("fill %d depth %d", fill, depth), func(t *testing.T) {
				refused := map[string]int{}
				for blocks := range scaled(40) {
					oomCase(t, fill, depth, blocks, refused)
				}
				t.Logf("refused: %v", refused)
				for _, op := range []string{"push", "insert", "set", "append", "dup", "plain"} {
					if refused[op] == 0 && !raceBuild {
						t.Errorf("%s was never refused", op)
					}
				}
				if depth > 0 && refused["trim"] == 0 && !raceBuild {
					t.Error("trim was never refused")
				}
				for op, n := range refused {
					if depth == 0 && (op == "pop" || op == "delete" || op == "trim" || op == "remove") {
						t.Errorf("%s was refused %d times without compression", op, n)
					}
				}
			})
		}
	}
}

// oomCase runs a history with so many blocks of 512 bytes left.
func oomCase(t *testing.T, fill, depth, blocks int, refused map[string]int) {
	rnd := rand.New(rand.NewPCG(*seedFlag, uint64(blocks)))
	m := &model{tb: t, a: mem.NewArena("oom")}
	defer m.a.Close()
	m.l = New(NewStore(m.a), fill, depth)
	elem := elements(rnd, 6000)
	for range 300 {
		m.pushTail(elem())
	}
	b := ballast{a: m.a}
	for _, size := range []int{64 << 10, 4096, 512} {
		b.take(size)
	}
	b.drop(blocks)
	if blocks%3 == 0 { // nothing at all
		for _, size := range []int{4096, 1024, 512, 256, 128, 64, 48, 32, 16, 8} {
			b.take(size)
		}
	}
	lp := listpack.New(make([]byte, listpack.EmptySize, 64)).Append(of("one")).Append(of("two"))
	for range 100 {
		n := len(m.want)
		old := slices.Clone(m.want)
		i, s := rnd.IntN(n), elem()
		var op string
		var f func()
		switch rnd.IntN(13) {
		case 0:
			op, f = "push", func() { m.pushHead(s) }
		case 1:
			op, f = "push", func() { m.pushTail(s) }
		case 2, 3:
			op, f = "insert", func() { m.insert(i, s) }
		case 4:
			op, f = "set", func() { m.set(i, s) }
		case 5:
			op, f = "append", func() { m.l.AppendListpack(lp); m.want = append(m.want, "one", "two") }
		case 6:
			op, f = "dup", func() { m.dup(false) }
		case 7:
			op, f = "rotate", func() { m.rotate(i%2 == 0) }
		case 8:
			op, f = "pop", func() { m.pop(i%2 == 0) }
		case 9:
			op, f = "delete", func() { m.deleteRange(i, 1+rnd.IntN(2)) }
		case 10:
			start := rnd.IntN(min(n, 5))
			op, f = "trim", func() { m.trim(start, n-start-rnd.IntN(min(n-start, 5))) }
		case 11:
			op, f = "remove", func() {
				// Between two nodes it may stop: here it is for one element.
				m.remove(m.want[i], 1, false)
			}
		default:
			s = strings.Repeat("long", 2500)
			op, f = "plain", func() { m.insert(i, s) }
		}
		if !tried(f) {
			refused[op]++
			m.want = old
		}
		if len(m.want) == 0 {
			break
		}
		if err := m.l.Check(); err != nil {
			t.Fatalf("%d blocks, after %s: %v", blocks, op, err)
		}
		j := 0
		for it := m.l.From(0); it.Valid(); it.Next() {
			if j >= len(m.want) || text(it.Elem()) != m.want[j] {
				t.Fatalf("%d blocks, after %s: element %d is %.20q", blocks, op, j, text(it.Elem()))
			}
			j++
		}
		if j != len(m.want) {
			t.Fatalf("%d blocks, after %s: %d elements, want %d", blocks, op, j, len(m.want))
		}
	}
	m.l.Free()
	b.drop(len(b.blocks))
	if total := m.a.Books().Total; total.Count != 0 {
		t.Fatalf("%d blocks: %d regions leaked", blocks, total.Count)
	}
}
