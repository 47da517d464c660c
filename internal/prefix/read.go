package prefix

import (
	"cmp"
	"slices"
)

// Kind says what a line of a list is about.
type Kind uint8

// The kinds. A list shows each key on one line: below the depth that is asked for whole prefixes, above it what has no
// further part, and what has no row.
const (
	Whole Kind = iota // all keys that begin with the prefix
	Own               // keys that have no further part
	Rest              // keys with longer prefixes that have no row
)

// String returns the kind's name in replies.
func (k Kind) String() string { return [...]string{"prefix", "keys", "other"}[k] }

// Line is a line of a list.
type Line struct {
	Prefix []byte // valid until the tree changes
	Kind   Kind
	Counts
	Miss   Counts // the line may have so much more, at most; a line of kind Rest also so much less
	Growth int64  // bytes that came and went in the last minute
	Rows   int    // rows below
}

// Order is what a list is sorted by, the largest first.
type Order uint8

// The orders.
const (
	ByBytes Order = iota
	ByKeys
	ByExpires
	ByGrowth
)

func (o Order) value(l *Line) int64 {
	return [...]int64{l.Bytes, l.Keys, l.Expires, l.Growth}[o]
}

// sum is what a row has with all rows below.
type sum struct {
	Counts
	growth int64
	rows   int
	unsure bool // a row below lacks something
}

// List returns what is below a prefix, depth parts further down: lines that add up to all, and all. ok is false if the
// prefix has no row. It looks at all rows.
func (t *Tree) List(prefix []byte, depth int, by Order) (lines []Line, all Line, ok bool) {
	base := t.lookup(prefix)
	if base < 0 {
		return nil, Line{Prefix: prefix, Miss: t.unknown(prefix)}, false
	}
	ids := t.sorted()
	sums := make([]sum, len(t.rows))
	for _, id := range ids {
		r := t.at(id)
		b, s := &t.books[t.side()][id], &sums[id]
		s.add(b.own)
		s.add(b.rest)
		g := t.growth(id)
		s.growth += g.own + g.rest
		if id != root {
			up := &sums[r.parent]
			up.add(s.Counts)
			up.growth += s.growth
			up.rows += s.rows + 1
			up.unsure = up.unsure || s.unsure || r.miss[t.side()] != Counts{}
		}
	}
	level := t.at(base).depth + uint8(min(depth, MaxDepth))
	for _, id := range ids {
		r := t.at(id)
		if r.depth > level || !t.below(id, base) {
			continue
		}
		s := &sums[id]
		l := Line{Prefix: t.name(id), Counts: s.Counts, Growth: s.growth, Rows: s.rows, Miss: t.missing(id)}
		if r.depth == level {
			if l.Counts != (Counts{}) || l.Growth != 0 {
				lines = append(lines, l)
			}
			continue
		}
		b, g := &t.books[t.side()][id], t.growth(id)
		if rest := b.rest; rest != (Counts{}) || g.rest != 0 {
			o := Line{Prefix: l.Prefix, Kind: Rest, Counts: rest, Miss: l.Miss, Growth: g.rest}
			if s.unsure {
				o.Miss = Counts{max(rest.Bytes, l.Miss.Bytes), max(rest.Keys, l.Miss.Keys), max(rest.Expires, l.Miss.Expires)}
			}
			lines = append(lines, o)
		}
		if l.Kind, l.Counts, l.Rows, l.Growth = Own, b.own, 0, g.own; l.Counts != (Counts{}) || l.Growth != 0 {
			lines = append(lines, l)
		}
	}
	slices.SortStableFunc(lines, func(a, b Line) int {
		if c := cmp.Compare(by.value(&b), by.value(&a)); c != 0 {
			return c
		}
		return slices.Compare(a.Prefix, b.Prefix)
	})
	all = Line{Prefix: t.name(base), Counts: sums[base].Counts, Growth: sums[base].growth, Rows: sums[base].rows, Miss: t.missing(base)}
	return lines, all, true
}

// below tells whether a row is base or below it.
func (t *Tree) below(id, base int32) bool {
	for id >= 0 {
		if id == base {
			return true
		}
		id = t.at(id).parent
	}
	return false
}

// missing returns what a row may lack, at most: what it was told to lack when it came, and no more than there is in the
// rests of the rows above.
func (t *Tree) missing(id int32) Counts {
	r := t.at(id)
	m, above := r.miss[t.side()], Counts{}
	for up := r.parent; up >= 0; up = t.at(up).parent {
		above.add(t.books[t.side()][up].rest)
	}
	return Counts{min(m.Bytes, above.Bytes), min(m.Keys, above.Keys), min(m.Expires, above.Expires)}
}

// unknown returns what a prefix without a row has, at most.
func (t *Tree) unknown(prefix []byte) Counts {
	id := t.row(prefix).id
	m := t.missing(id)
	m.add(t.books[t.side()][id].rest)
	return m
}

// Lookup returns what all keys that begin with a prefix have, and what may be missing from it; of a prefix without a row,
// what it has at most. It looks at all rows.
func (t *Tree) Lookup(prefix []byte) Line {
	_, all, _ := t.List(prefix, 0, ByBytes)
	return all
}
