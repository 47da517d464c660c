package ordered

import (
	"bytes"
	"fmt"

	"granary/internal/mem"
)

// Check verifies every invariant of the tree, and of the trees that were cut from it and are not absorbed. It reads all
// entries.
func (t *Tree) Check(cut ...Tree) error {
	blocks, sum, err := t.checkOne()
	for _, d := range cut {
		if err != nil {
			break
		}
		var b, s int64
		b, s, err = d.checkOne()
		blocks, sum = blocks+b, sum+s
	}
	if err != nil {
		return fmt.Errorf("ordered: %w", err)
	}
	if blocks != sum {
		return fmt.Errorf("ordered: blocks of %d bytes, sum says %d", blocks, sum)
	}
	return nil
}

// checkOne returns the bytes of the blocks, and what the root says.
func (t *Tree) checkOne() (blocks, sum int64, err error) {
	r := t.head()
	c := checker{t: t, bytes: int64(mem.Usable(rootBytes))}
	if _, err := c.node(r.ref(), r.height()); err != nil {
		return 0, 0, err
	}
	if c.n != t.Len() {
		return 0, 0, fmt.Errorf("%d entries, count says %d", c.n, t.Len())
	}
	return c.bytes, r.bytes, nil
}

// checker sums up what Check compares with the root.
type checker struct {
	t     *Tree
	n     int
	bytes int64
	last  mem.Ref // the entry before
}

// node checks what is below a node and returns its first entry.
func (c *checker) node(node mem.Ref, height int) (first mem.Ref, err error) {
	if height == 0 {
		l := leafAt(node)
		if err := c.leaf(l); err != nil {
			return 0, fmt.Errorf("leaf %#x (%+v): %w", uint64(node), *l, err)
		}
		return l.ref(0), nil
	}
	v := innerAt(node)
	if v.size > largest || v.cap != sizes[v.size].inner || v.n > v.cap || v.n == 0 {
		return 0, fmt.Errorf("inner node of size %d, capacity %d, %d children", v.size, v.cap, v.n)
	}
	c.bytes += int64(mem.Usable(int(sizes[v.size].bytes)))
	total := 0
	for i := range int(v.n) {
		before := c.n
		e, err := c.node(v.child(i), height-1)
		if err != nil {
			return 0, fmt.Errorf("child %d of %d: %w", i, v.n, err)
		}
		if c.n-before != int(*v.count(i)) || c.n == before {
			return 0, fmt.Errorf("child %d of %d: %d entries, count says %d", i, v.n, c.n-before, *v.count(i))
		}
		if f := v.first(i); f.sep != e || f.key != c.t.keyOf(e) {
			return 0, fmt.Errorf("child %d of %d: first entry is %#x with key %#x, should be %#x with %#x", i, v.n, uint64(f.sep), f.key, uint64(e), c.t.keyOf(e))
		}
		if v.kind == byMember {
			m := c.t.kind.Member(e)
			if !bytes.HasPrefix(m, c.t.kind.Member(v.sep(0))[:v.prefix]) || *v.key(i) != memberWord(m, int(v.prefix)) {
				return 0, fmt.Errorf("child %d of %d: member %q, prefix of %d, word %x", i, v.n, m, v.prefix, *v.key(i))
			}
		}
		total += int(*v.count(i))
	}
	if total != v.total() {
		return 0, fmt.Errorf("counts add up to %d, not %d", v.total(), total)
	}
	return v.sep(0), nil
}

func (c *checker) leaf(l *leaf) error {
	if l.size > largest || l.cap != sizes[l.size].leaf || l.n > l.cap {
		return fmt.Errorf("sizes")
	}
	c.bytes += int64(mem.Usable(int(sizes[l.size].bytes)))
	t := c.t
	for i := range int(l.n) {
		e := l.ref(i)
		k, m := t.keyOf(e), t.kind.Member(e)
		if c.last != 0 && !t.below(c.last, k, m) {
			return fmt.Errorf("entry %d: (%x, %q) after (%x, %q)", i, k, m, t.keyOf(c.last), t.kind.Member(c.last))
		}
		c.last = e
		w := k
		if l.kind == byMember {
			if k != l.score || !bytes.HasPrefix(m, t.kind.Member(l.ref(0))[:l.prefix]) {
				return fmt.Errorf("entry %d: score key %x, member %q", i, k, m)
			}
			w = memberWord(m, int(l.prefix))
		}
		if x := w >> l.shift; x < l.base || x-l.base != uint64(l.hint(i)) {
			return fmt.Errorf("entry %d: word %x, hint %d", i, w, l.hint(i))
		}
	}
	c.n += int(l.n)
	return nil
}
