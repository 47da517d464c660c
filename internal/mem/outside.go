package mem

import "sync/atomic"

// Memory outside of the range. What the Go heap holds for data that users loaded (compiled scripts, interpreters) cannot
// lie in the range, because it consists of Go pointers. It is booked all the same, so that used_memory tells of it: in
// bytes, under a purpose, without size classes.

var outside struct {
	purposes [NumPurposes]int64
	total    int64
}

// BookOutside adds n bytes, which may be negative, to the books of a purpose. Anybody may call it.
func BookOutside(p Purpose, n int64) {
	if n == 0 {
		return
	}
	atomic.AddInt64(&outside.purposes[p], n)
	atomic.AddInt64(&outside.total, n)
}

// Outside returns the bytes booked under a purpose that lie outside of the range.
func Outside(p Purpose) int64 { return atomic.LoadInt64(&outside.purposes[p]) }

// addOutside adds what lies outside to the books: to purposes and Total, not to classes.
func (b *Books) addOutside() {
	for p := range b.Purposes {
		n := Outside(Purpose(p))
		b.Purposes[p].add(Tally{n, n, 0})
		b.Total.add(Tally{n, n, 0})
		b.Outside += n
	}
}

// OutsideTotal returns all bytes booked that lie outside of the range.
func OutsideTotal() int64 { return atomic.LoadInt64(&outside.total) }
