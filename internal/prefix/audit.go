package prefix

import (
	"errors"
	"fmt"
)

// Audit holds the tree against a recount: each gives fn every key with what it has. It returns by how many bytes all rows
// together are off, beyond what they say they may lack, and an error that says what is wrong with the first such row; the
// number of keys, and of those that expire, weighs like bytes.
func (t *Tree) Audit(each func(fn func(key []byte, c Counts))) (off int64, err error) {
	n := len(t.rows)
	own, rest, whole := make([]Counts, n), make([]Counts, n), make([]Counts, n)
	total := Counts{}
	each(func(key []byte, c Counts) {
		if p := t.row(key); p.rest {
			rest[p.id].add(c)
		} else {
			own[p.id].add(c)
		}
		total.add(c)
	})
	wrong := func(id int32, what Kind, says, least, most, c Counts) {
		d := outside(c.Bytes, least.Bytes, most.Bytes) + outside(c.Keys, least.Keys, most.Keys) + outside(c.Expires, least.Expires, most.Expires)
		if d != 0 && err == nil {
			err = fmt.Errorf("%q, %s: %v, and the tree says %v, at least %v, at most %v", t.name(id), what, c, says, least, most)
		}
		off += d
	}
	shown, unsure := make([]Counts, n), make([]bool, n)
	for _, id := range t.sorted() {
		r := t.at(id)
		b := &t.books[t.shown][id]
		whole[id].add(own[id])
		whole[id].add(rest[id])
		shown[id].add(b.own)
		shown[id].add(b.rest)
		miss := t.missing(id)
		plus := func(c Counts) Counts { c.add(miss); return c }
		wrong(id, Whole, shown[id], shown[id], plus(shown[id]), whole[id])
		wrong(id, Own, b.own, b.own, plus(b.own), own[id])
		least := b.rest
		if unsure[id] {
			least = Counts{}
		}
		wrong(id, Rest, b.rest, least, plus(b.rest), rest[id])
		if id != root {
			whole[r.parent].add(whole[id])
			shown[r.parent].add(shown[id])
			unsure[r.parent] = unsure[r.parent] || unsure[id] || r.miss[t.shown] != Counts{}
		}
	}
	if t.Total(Shown) != total && err == nil {
		err = errors.New("the sum of the tree is not that of its rows")
		off++
	}
	return off, err
}

// outside returns how far n is outside of a range.
func outside(n, least, most int64) int64 { return max(least-n, 0) + max(n-most, 0) }
