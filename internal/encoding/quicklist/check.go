package quicklist

import (
	"fmt"

	"granary/internal/encoding/listpack"
	"granary/internal/encoding/lzf"
	"granary/internal/mem"
)

// Check verifies every invariant of the list. It reads all nodes.
func (l *List) Check() error {
	r := l.head()
	levels := int(r[rootLevels])
	own := int64(mem.Usable(rootBytes))
	if levels == 0 {
		if sum(r, sumElems) != 0 || sum(r, sumNodes) != 0 || sum(r, sumBytes) != own || r[entryN] != 0 {
			return fmt.Errorf("quicklist: an empty list with %d elements, %d nodes, %d bytes", l.Len(), l.Nodes(), l.Bytes())
		}
		return nil
	}
	if levels > maxLevels {
		return fmt.Errorf("quicklist: %d levels", levels)
	}
	return checkEntry(r, levels-1, own)
}

// checkEntry verifies an entry and all below it. extra are bytes that the entry counts beside its block.
func checkEntry(e []byte, h int, extra int64) error {
	var p path
	p.enter(h, e)
	s := p.at[h]
	if s.n == 0 || s.n > s.cap || int(s.cap) > most(h) || capFor(int(s.cap), unit(h)) != int(s.cap) {
		return fmt.Errorf("quicklist: a block at height %d with %d of %d slots", h, s.n, s.cap)
	}
	b := p.block(h)
	elems, nodes, bytes := int64(0), int64(0), extra+blockUsable(h, s.cap)
	for i := range int(s.n) {
		if h == 0 {
			n := loadNode(b[i*slotBytes:])
			if err := n.check(); err != nil {
				return fmt.Errorf("quicklist: slot %d of %d: %w", i, s.n, err)
			}
			elems, nodes, bytes = elems+int64(n.count), nodes+1, bytes+n.usable()
			continue
		}
		c := b[i*entryBytes:][:entryBytes]
		if err := checkEntry(c, h-1, 0); err != nil {
			return err
		}
		elems, nodes, bytes = elems+sum(c, sumElems), nodes+sum(c, sumNodes), bytes+sum(c, sumBytes)
	}
	if elems != sum(e, sumElems) || nodes != sum(e, sumNodes) || bytes != sum(e, sumBytes) {
		return fmt.Errorf("quicklist: below a block at height %d are %d elements, %d nodes, %d bytes; its entry says %d, %d, %d", h,
			elems, nodes, bytes, sum(e, sumElems), sum(e, sumNodes), sum(e, sumBytes))
	}
	return nil
}

func (nd *node) check() error {
	if nd.count == 0 || nd.ref == 0 || nd.kind > plain|packedLZF|stiff || nd.kind&(packedLZF|stiff) == packedLZF|stiff {
		return fmt.Errorf("node with %d elements, kind %d, block %#x", nd.count, nd.kind, nd.ref)
	}
	b := nd.stored()
	if nd.kind&packedLZF != 0 {
		b = make([]byte, nd.size)
		if err := lzf.Decompress(b, nd.stored()); err != nil {
			return err
		}
	}
	if nd.kind&plain != 0 {
		if nd.count != 1 {
			return fmt.Errorf("plain node with %d elements", nd.count)
		}
		return nil
	}
	if nd.size > maxPacked || nd.off+nd.size > nd.alloc && nd.kind&packedLZF == 0 {
		return fmt.Errorf("listpack of %d bytes at %d of %d", nd.size, nd.off, nd.alloc)
	}
	if err := listpack.Validate(b, nil); err != nil {
		return err
	}
	if n := listpack.Listpack(b).Len(); n != nd.count {
		return fmt.Errorf("%d elements, the slot says %d", n, nd.count)
	}
	return nil
}

// checkDepth verifies that exactly the nodes are open that should be. A lack of memory may have left it otherwise.
func (l *List) checkDepth() error {
	depth, nodes := l.Depth(), l.Nodes()
	var p path
	for x, ok := 0, l.firstNode(&p); ok; x, ok = x+1, l.nextNode(&p) {
		n := p.node()
		compressed := n.kind&packedLZF != 0
		inside := depth > 0 && x >= depth && x < nodes-depth
		if compressed && !inside {
			return fmt.Errorf("quicklist: node %d of %d is compressed, depth %d", x, nodes, depth)
		}
		if !compressed && inside && n.kind&stiff == 0 && n.size >= minCompress && n.size <= maxCompress {
			return fmt.Errorf("quicklist: node %d of %d, %d bytes, is not compressed, depth %d", x, nodes, n.size, depth)
		}
	}
	return nil
}
