package stream

import "math"

// ID names an entry: milliseconds of a clock, and a number within the millisecond.
type ID struct{ Ms, Seq uint64 }

// The least and the greatest ID. No entry has the least.
var (
	MinID = ID{}
	MaxID = ID{math.MaxUint64, math.MaxUint64}
)

// Less reports whether id comes before other.
func (id ID) Less(other ID) bool {
	return id.Ms < other.Ms || id.Ms == other.Ms && id.Seq < other.Seq
}

// Compare returns -1, 0 or 1.
func (id ID) Compare(other ID) int {
	switch {
	case id.Less(other):
		return -1
	case id == other:
		return 0
	}
	return 1
}

// IsZero reports whether id is MinID.
func (id ID) IsZero() bool { return id == ID{} }

// Next returns the ID after id; ok is false after MaxID.
func (id ID) Next() (next ID, ok bool) {
	if id.Seq++; id.Seq == 0 {
		id.Ms++
		return id, id.Ms != 0
	}
	return id, true
}

// Prev returns the ID before id; ok is false before MinID.
func (id ID) Prev() (prev ID, ok bool) {
	if id.IsZero() {
		return id, false
	}
	if id.Seq--; id.Seq == math.MaxUint64 {
		id.Ms--
	}
	return id, true
}
