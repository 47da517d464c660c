package ordered

import "granary/internal/mem"

// Blocks calls fn for the blocks of the tree, with how many there are of a size: the root, inner nodes, leaves. It looks at
// the first most nodes above leaves, which have 45 leaves each at most, and returns whether those were all.
func (t *Tree) Blocks(most int, fn func(role string, requested int, count int64)) (all bool) {
	r := t.head()
	fn("tree root", rootBytes, 1)
	c := blockCount{most: most, all: true}
	c.node(r.ref(), r.height())
	for size, n := range c.inner {
		if n > 0 {
			fn("inner nodes of the tree", int(sizes[size].bytes), n)
		}
	}
	for size, n := range c.leaves {
		if n > 0 {
			fn("leaves of the tree", int(sizes[size].bytes), n)
		}
	}
	return c.all
}

type blockCount struct {
	most          int
	all           bool
	inner, leaves [len(sizes)]int64
}

func (c *blockCount) node(node mem.Ref, height int) {
	if height == 0 {
		c.leaves[leafAt(node).size]++
		return
	}
	if c.most <= 0 {
		c.all = false
		return
	}
	c.most--
	v := innerAt(node)
	c.inner[v.size]++
	for i := range int(v.n) {
		c.node(v.child(i), height-1)
	}
}
