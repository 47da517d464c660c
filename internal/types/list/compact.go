package list

import (
	"granary/internal/keyspace"
	"granary/internal/object"
)

// Compact looks whether a quicklist could be a listpack, and with act makes it one. It returns the usable bytes that are or
// would be gained, and whether it did it. Removing elements does the same, so this finds what became possible otherwise: the
// limit was raised, or there was no memory at the time.
func Compact(it *keyspace.Item, lim Limits, act bool) (gain int64, done bool) {
	if it.Entry.Encoding() != object.Quicklist {
		return 0, false
	}
	l := open(it)
	if l.Nodes() != 1 {
		return 0, false
	}
	lp, ok := l.Listpack(lim.Fill, true)
	if !ok {
		return 0, false
	}
	now, _ := it.Entry.Bytes()
	if gain = now - it.Entry.BytesWithFlat(len(lp)); gain <= 0 || !act {
		return max(gain, 0), false
	}
	shrink(it, lim)
	return gain, it.Entry.Encoding() == object.Listpack
}

// CompactNodes looks at some nodes of a quicklist from one on, and with act gives back the room behind their elements where
// that is least per cent of a node (quicklist.List.Compact). It returns the node to go on from, 0 at the end.
// REQUIRES: the encoding is quicklist.
func CompactNodes(it *keyspace.Item, node, budget, least int, act bool) (next int, found, freed int64) {
	l := open(it)
	next, s := l.Compact(node, budget, least, act)
	return next, s.Bytes, s.Freed
}
