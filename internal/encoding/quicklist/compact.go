package quicklist

import "granary/internal/mem"

// Spare is room in nodes that no element uses, in usable bytes.
type Spare struct {
	Bytes int64 // that could be given back
	Freed int64 // that were
	Count int   // nodes
}

// Compact looks at up to budget nodes from index node on, and with act gives back what their blocks do not need, where that
// is least per cent of them. It returns the index to go on from, 0 at the end. Nodes at the ends of a list keep room for
// what comes; a list that nobody changes does not need it.
func (l *List) Compact(node, budget, least int, act bool) (next int, s Spare) {
	if node < 0 || node >= l.Nodes() {
		return 0, s
	}
	var p path
	l.seekNode(&p, node)
	for ok := true; ok && budget > 0; budget-- {
		n := p.node()
		if n.kind&(plain|packedLZF) == 0 {
			was := n.usable()
			if spare := was - int64(mem.Usable(n.size)); spare > 0 {
				s.Bytes += spare
				s.Count++
				if act && spare*100 >= int64(least)*was {
					l.shrink(&n)
					l.update(&p, &n, n.count, was)
					s.Freed += was - n.usable()
				}
			}
		}
		node++
		ok = l.nextNode(&p)
	}
	if node >= l.Nodes() {
		node = 0
	}
	return node, s
}

// Blocks calls fn for the blocks of the list, with how many there are of a size: the root, those of the tree, and nodes by
// kind and size. It looks at the first most nodes, and returns how many those were.
func (l *List) Blocks(most int, fn func(role string, p mem.Purpose, requested, usable, count int64)) (nodes int) {
	fn("root", mem.PurposeQuicklist, rootBytes, int64(mem.Usable(rootBytes)), 1)
	type row struct {
		role string
		size int // usable
	}
	requested, count := map[row]int64{}, map[row]int64{}
	var order []row
	note := func(role string, n int) {
		r := row{role, mem.Usable(n)}
		if count[r]++; count[r] == 1 {
			order = append(order, r)
		}
		requested[r] += int64(n)
	}
	var p path
	for ok := l.firstNode(&p); ok && nodes < most; ok = l.nextNode(&p) {
		nodes++
		// A block of the tree is met with its first slot.
		for h := 0; h < p.levels && (h == 0 || p.at[h-1].i == 0) && p.at[h].i == 0; h++ {
			note("tree", int(p.at[h].cap)*unit(h))
		}
		switch n := p.node(); {
		case n.kind&packedLZF != 0:
			note("compressed nodes", n.alloc)
		case n.kind&plain != 0:
			note("long elements", n.alloc)
		default:
			note("nodes", n.alloc)
		}
	}
	for _, r := range order {
		p := mem.PurposeListpack
		if r.role == "tree" {
			p = mem.PurposeQuicklist
		}
		fn(r.role, p, requested[r], count[r]*int64(r.size), count[r])
	}
	return nodes
}
