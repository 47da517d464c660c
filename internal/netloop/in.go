package netloop

import "granary/internal/mem"

const (
	readMin   = 4 << 10   // the least room worth a read
	readMax   = 64 << 10  // the most read from one connection in one turn
	readBig   = 512 << 10 // the same inside a large argument
	mergeMax  = 4 << 10   // a rest up to this goes to the read buffer with the next read
	queryRoom = 16 << 10  // room made behind an unfinished request
	queryMin  = 20 << 10  // the least size of a query buffer

	// needBig is the size from which the query buffer gets the exact size of
	// its request.
	needBig = 32 << 10
)

// query is the query buffer of a connection: the bytes of an unfinished
// request, and room behind them.
type query struct {
	ref  mem.Ref
	len  int
	cap  int
	need int // bytes the request will have at least, or 0
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

// keep starts the query buffer with rest, whose request will have need bytes
// or an unknown number.
//
// REQUIRES: there is no query buffer.
func (q *query) keep(a *mem.Arena, rest []byte, need int) {
	n := max(len(rest)+queryRoom, queryMin)
	if need >= needBig {
		n = max(need, len(rest))
	}
	q.ref = a.Alloc(n, mem.PurposeQueryBuffer)
	q.cap = n
	q.len = copy(mem.Bytes(q.ref, n), rest)
	q.need = need
}

// consume drops the first n bytes and keeps the rest.
func (q *query) consume(a *mem.Arena, n, need int) {
	b := q.bytes()
	if n == 0 {
		q.need = need
		return
	}
	rest := b[n:]
	if q.cap > 4*queryMin && need < needBig && len(rest)+queryRoom < q.cap/2 {
		// It was large for a request that is done.
		var small query
		small.keep(a, rest, need)
		q.free(a)
		*q = small
		return
	}
	q.len = copy(b, rest)
	q.need = need
}

// free gives the query buffer back.
func (q *query) free(a *mem.Arena) {
	if q.cap > 0 {
		a.Free(q.ref, q.cap, mem.PurposeQueryBuffer)
	}
	*q = query{}
}

// trim cuts off the room of a query buffer that has been waiting for long.
func (q *query) trim(a *mem.Arena) {
	if q.cap-q.len > 4<<10 && q.len > 0 {
		q.resize(a, q.len)
	}
}
