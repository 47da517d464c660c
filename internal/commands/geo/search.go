package geo

import (
	"cmp"
	"slices"

	"granary/internal/types/zset"
)

// found is a place that a search has found.
type found struct {
	member []byte // a copy of its own
	score  float64
	at     point
	metres float64
}

// search returns the places of v in the shape, square by square; no more than limit, if that is not 0.
func search(v *zset.Value, s *shape, limit int64) (all []found) {
	if v.Len() == 0 {
		return nil
	}
	var digits zset.Scratch
	for _, h := range s.squares() {
		lo, hi := h.scores()
		c := v.SeekScore(float64(lo))
		for ; c.Valid(); c.Next() {
			score := c.Score()
			if score >= float64(hi) {
				break
			}
			p := decode(score)
			metres, ok := s.holds(p)
			if !ok {
				continue
			}
			all = append(all, found{append([]byte(nil), c.Member(&digits)...), score, p, metres})
			if int64(len(all)) == limit {
				return all
			}
		}
	}
	return all
}

// order says how places are sorted.
type order uint8

const (
	unsorted order = iota
	nearest
	farthest
)

func sortPlaces(all []found, by order) {
	switch by {
	case nearest:
		slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(a.metres, b.metres) })
	case farthest:
		slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(b.metres, a.metres) })
	}
}
