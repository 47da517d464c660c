package stream

import (
	"encoding/binary"
	"math/bits"
)

// radixSample is up to how many nodes RadixNodes looks at.
const radixSample = 4096

// RadixNodes returns what XINFO STREAM calls radix-tree-nodes: the nodes of a radix tree, with chains of single children
// joined, over the same keys. We have no such tree, the number is worked out from the keys: up to radixSample of them, more
// are taken to be alike.
func (s *Stream) RadixNodes() int {
	h := s.head()
	if h.nodes.n == 0 {
		return 1
	}
	// branches are the depths, in bytes, of the branching nodes above the last key, from the root down.
	var branches [keyBytes]int
	depth, n, keys := 0, 0, 0
	// chain counts the joined nodes above a node of a depth, whose parent branches at up, or is missing (-1).
	chain := func(at, up int) {
		if at > up+1 {
			n++
		}
	}
	c := h.nodes.atLeast(nodeKind, MinID)
	last, common := c.key(nodeKind), -1
	for {
		keys++
		n++ // the leaf
		if c = h.nodes.next(nodeKind, c); !c.ok() || keys == radixSample {
			break
		}
		key := c.key(nodeKind)
		next := commonBytes(last, key)
		chain(keyBytes, max(common, next))
		for depth > 0 && branches[depth-1] > next {
			depth--
			up := next
			if depth > 0 {
				up = max(up, branches[depth-1])
			}
			chain(branches[depth], up)
		}
		if depth == 0 || branches[depth-1] != next {
			branches[depth] = next
			depth++
			n++
		}
		last, common = key, next
	}
	chain(keyBytes, common)
	for ; depth > 0; depth-- {
		up := -1
		if depth > 1 {
			up = branches[depth-2]
		}
		chain(branches[depth-1], up)
	}
	if all := int(h.nodes.n); all > keys {
		n = int(int64(n) * int64(all) / int64(keys))
	}
	return n
}

// commonBytes returns how many bytes two different keys begin with alike, written big endian.
func commonBytes(a, b ID) int {
	if x := a.Ms ^ b.Ms; x != 0 {
		return bits.LeadingZeros64(x) / 8
	}
	return 8 + bits.LeadingZeros64(a.Seq^b.Seq)/8
}

// AppendKey appends an ID as files write it: 16 bytes, big endian.
func AppendKey(dst []byte, id ID) []byte {
	dst = binary.BigEndian.AppendUint64(dst, id.Ms)
	return binary.BigEndian.AppendUint64(dst, id.Seq)
}

// ReadKey reads what AppendKey wrote.
//
// REQUIRES: 16 bytes.
func ReadKey(b []byte) ID {
	return ID{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}
