package netloop

import "granary/internal/mem"

const (
	readMin   = 4 << 10   // the least room worth a read
	readMax   = 64 << 10  // the most read from one connection in one turn
	readBig   = 512 << 10 // the same inside a large argument
	mergeMax  = 4 << 10   // a rest up to this goes to the read buffer with the next read
	queryRoom = 16 << 10  // room made behind an unfinished request
	queryMin  = 20 << 10  // the least size of a query buffer
	queryFit  = 32 << 10  // buffers up to this size are not fitted to a smaller peak
	queryWard = 4 << 10   // room that is not worth giving back

	// needBig is the size from which the query buffer gets the exact size of
	// its request.
	needBig = 32 << 10
)

// query is the query buffer of a connection: the bytes of an unfinished
// request, and room behind them. It is made when a request does not arrive at
// once, and then kept for the next of the kind until fit takes it away.
type query struct {
	ref  mem.Ref
	len  int
	cap  int
	need int // bytes the request will have at least, or 0
	peak int // most bytes held since fit looked last
}

func (q *query) bytes() []byte { return mem.Bytes(q.ref, q.len) }

// room returns the part to read into, making it at least worth a read. In a
// large argument it ends where the request ends, so that nothing is left to
// move when it has been served.
func (q *query) room(a *mem.Arena) []byte {
	want := queryRoom
	if q.need >= needBig && q.need > q.len {
		want = q.need - q.len
		if q.cap < q.need {
			// The request grew another large argument: leave slack, so
			// that many of them are copied a bounded number of times.
			q.resize(a, max(q.need, q.len+q.len/4))
		}
		return mem.Bytes(q.ref, q.cap)[q.len:min(q.len+min(want, readBig), q.cap)]
	}
	if q.cap-q.len < want/2 {
		q.resize(a, max(q.len+want, min(2*q.len, q.len+1<<20)))
	}
	return mem.Bytes(q.ref, q.cap)[q.len:min(q.len+readMax, q.cap)]
}

func (q *query) resize(a *mem.Arena, n int) {
	q.ref = a.Resize(q.ref, q.cap, n, mem.PurposeQueryBuffer)
	q.cap = n
}

// keep fills the query buffer with rest, whose request will have need bytes or
// an unknown number.
//
// REQUIRES: the query buffer is empty.
func (q *query) keep(a *mem.Arena, rest []byte, need int) {
	n := max(len(rest)+queryRoom, queryMin)
	if need >= needBig {
		n = max(need, len(rest))
	}
	if q.cap < n {
		ref := a.Alloc(n, mem.PurposeQueryBuffer) // may panic: first
		q.free(a)
		q.ref, q.cap = ref, n
	}
	q.need = need
	q.filled(copy(mem.Bytes(q.ref, q.cap), rest))
}

// filled notes that the query buffer holds n bytes now.
func (q *query) filled(n int) {
	q.len = n
	q.peak = max(q.peak, n)
}

// consume drops the first n bytes and keeps the rest, the beginning of a
// request of need bytes.
func (q *query) consume(n, need int) {
	if n > 0 {
		b := q.bytes()
		q.len = copy(b, b[n:])
	}
	q.need = need
}

// empty drops all bytes and keeps the room.
func (q *query) empty() { q.len, q.need = 0, 0 }

// free gives the query buffer back.
func (q *query) free(a *mem.Arena) {
	if q.cap > 0 {
		a.Free(q.ref, q.cap, mem.PurposeQueryBuffer)
	}
	*q = query{}
}

// fit takes room away that was not used: all of it from a client that has been
// silent for long, what is beyond the recent peak from others.
func (q *query) fit(a *mem.Arena, silent bool) {
	peak := max(q.peak, q.need)
	q.peak = q.len
	switch {
	case silent && q.len == 0:
		q.free(a)
	case q.cap-q.len <= queryWard:
	case silent:
		q.resize(a, q.len)
	case q.cap > queryFit && peak < q.cap/2:
		q.resize(a, max(peak, queryMin))
	}
}
