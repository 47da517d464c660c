package netloop

import (
	"unsafe"

	"granary/internal/mem"
)

const (
	readMin   = 4 << 10   // the least room worth a read
	readMax   = 64 << 10  // the most read from one connection in one turn
	readBig   = 512 << 10 // the same inside a large argument
	readFew   = 16 << 10  // the same from a client that sent a large argument lately
	mergeMax  = 4 << 10   // a rest up to this goes to the read buffer with the next read
	queryRoom = 16 << 10  // room made behind an unfinished request
	queryMin  = 20 << 10  // the least size of a query buffer
	queryFit  = 32 << 10  // buffers up to this size are not fitted to a smaller peak
	queryTail = 4 << 10   // room behind a large argument; less is not worth giving back
	nextMax   = 1 << 20   // query buffers up to this size are made ahead of need

	// needBig is the size from which the query buffer gets the exact size of
	// its request.
	needBig = 32 << 10

	// LargeArg is the least length of an argument that Conn.Take may hand over.
	LargeArg = needBig
)

// query is the query buffer of a connection: the bytes of an unfinished
// request, and room behind them. It is made when a request does not arrive at
// once, and then kept for the next of the kind until fit takes it away.
//
// A large argument begins at the front of the buffer, behind spare bytes for
// who takes it (Conn.Take); what precedes it lies in a region of its own:
//
//	front   [ *3..$3..SET..$1..k..$1048576.. ]
//	ref     [ spare | 1048576 bytes .......................... \r\n | room ]
//	tail    [ \r\n$2..EX..$2..60.. ]    what followed it, when it was taken
type query struct {
	ref  mem.Ref
	len  int
	cap  int // without the spare bytes
	need int // bytes the request will have at least, or 0
	peak int // most bytes held since fit looked last

	spare int // set once
	front part
	tail  part
	taken int // cap of the buffer that Take took out of the request being served
}

// part is a region that holds a part of a request.
type part struct {
	ref mem.Ref
	len int
}

func (p part) bytes() []byte { return mem.Bytes(p.ref, p.len) }

// put copies b to a new region.
func (p *part) put(a *mem.Arena, b []byte) {
	p.ref = a.Alloc(len(b), mem.PurposeQueryBuffer) // may panic: first
	p.len = copy(mem.Bytes(p.ref, len(b)), b)
}

func (p *part) free(a *mem.Arena) {
	if p.len > 0 {
		a.Free(p.ref, p.len, mem.PurposeQueryBuffer)
	}
	*p = part{}
}

// held reports whether there is an unfinished request.
func (q *query) held() bool { return q.len > 0 || q.front.len > 0 }

// all returns the buffer, room included.
func (q *query) all() []byte { return mem.Bytes(q.ref, q.spare+q.cap)[q.spare:] }

func (q *query) bytes() []byte {
	if q.len == 0 {
		return nil
	}
	return q.all()[:q.len]
}

// memory returns the usable bytes of what is allocated.
func (q *query) memory() int {
	n := 0
	if q.cap > 0 {
		n += mem.Usable(q.spare + q.cap)
	}
	if q.front.len > 0 {
		n += mem.Usable(q.front.len)
	}
	if q.tail.len > 0 {
		n += mem.Usable(q.tail.len)
	}
	return n
}

// room returns the part to read into, making it at least worth a read. In a
// large argument it ends a little behind the argument: a read that does not
// fill it tells that the socket is empty, and options have their place there.
func (q *query) room(a *mem.Arena) []byte {
	want := queryRoom
	if q.need >= needBig && q.need > q.len {
		want = q.need - q.len
		if q.cap < q.need {
			// The request grew another large argument: leave slack, so
			// that many of them are copied a bounded number of times.
			q.resize(a, max(q.need+queryTail, q.len+q.len/4))
		}
		return q.all()[q.len:min(q.len+min(want+queryTail, readBig), q.cap)]
	}
	if q.cap-q.len < readMin/2 {
		q.resize(a, max(q.len+want, min(2*q.len, q.len+1<<20)))
	}
	return q.all()[q.len:min(q.len+readMax, q.cap)]
}

func (q *query) resize(a *mem.Arena, n int) {
	if q.cap == 0 {
		q.ref = a.Alloc(q.spare+n, mem.PurposeQueryBuffer)
	} else {
		q.ref = a.Resize(q.ref, q.spare+q.cap, q.spare+n, mem.PurposeQueryBuffer)
	}
	q.cap = n
}

// keep fills the query buffer with rest, the beginning of a request that will
// have need bytes or an unknown number, and whose first large argument begins
// at body, if that is not 0. rest may lie in the query buffer.
func (q *query) keep(a *mem.Arena, rest []byte, need, body int) {
	var front part
	if need < needBig || q.spare == 0 {
		body = 0
	}
	if body > 0 {
		front.put(a, rest[:body])
		rest = rest[body:]
		need -= body
	}
	n := max(len(rest)+queryRoom, queryMin)
	if need >= needBig {
		n = max(need, len(rest)) + queryTail
	}
	q.front.free(a)
	q.front = front
	if q.cap < n && (q.len == 0 || q.cap < max(need, len(rest))) {
		ref := a.Alloc(q.spare+n, mem.PurposeQueryBuffer) // may panic: first
		copy(mem.Bytes(ref, q.spare+n)[q.spare:], rest)
		if q.cap > 0 {
			a.Free(q.ref, q.spare+q.cap, mem.PurposeQueryBuffer)
		}
		q.ref, q.cap = ref, n
	} else {
		copy(q.all(), rest)
	}
	q.need = need
	q.filled(len(rest))
}

// filled notes that the query buffer holds n bytes now.
func (q *query) filled(n int) {
	q.len = n
	q.peak = max(q.peak, n)
}

// done drops all bytes and keeps the room.
func (q *query) done(a *mem.Arena) {
	q.len, q.need = 0, 0
	if q.front.len > 0 {
		q.front.free(a)
		q.tail.free(a)
		q.next(a)
	}
}

// next makes the buffer for the next large argument when Take took the last: a
// client that sent one is likely to send another. It is made now and not when
// that arrives so that the client's memory is told as under Redis. No memory is
// no harm.
func (q *query) next(a *mem.Arena) {
	n := q.taken
	q.taken = 0
	if n == 0 || n > nextMax {
		return
	}
	defer func() {
		if e := recover(); e != nil && !noMemory(e) {
			panic(e)
		}
	}()
	q.resize(a, n)
	q.peak = max(q.peak, n)
}

// free gives the query buffer back.
func (q *query) free(a *mem.Arena) {
	if q.cap > 0 {
		a.Free(q.ref, q.spare+q.cap, mem.PurposeQueryBuffer)
	}
	q.front.free(a)
	q.tail.free(a)
	*q = query{spare: q.spare}
}

// fit takes room away that was not used: all of it from a client that has been
// silent for long, what is beyond the recent peak from others.
func (q *query) fit(a *mem.Arena, silent bool) {
	peak := max(q.peak, q.need)
	q.peak = q.len
	switch {
	case silent && !q.held():
		q.free(a)
	case q.cap-q.len <= queryTail:
	case silent:
		q.resize(a, max(q.len, 1))
	case q.cap > queryFit && peak < q.cap/2:
		q.resize(a, max(peak, queryMin))
	}
}

// Front returns what precedes the bytes that Session.Serve was given: nothing,
// or the beginning of a request whose first large argument (Body) begins these
// bytes. Valid during Serve.
func (c *Conn) Front() []byte {
	if c.q.front.len == 0 {
		return nil
	}
	return c.q.front.bytes()
}

// Take hands the memory of arg, a large argument of the request being served,
// over to the arena to: a region of Options.Spare bytes, contents undefined,
// and the bytes of arg, where they are. tail is where the bytes between arg and
// the end of the input are now, until Serve returns. ok is false if arg does
// not lie in a region of its own.
//
// REQUIRES: the request ends where the input of Serve ends; the caller may use
// the arena to.
func (c *Conn) Take(arg []byte, to *mem.Arena, p mem.Purpose) (ref mem.Ref, tail []byte, ok bool) {
	q := &c.q
	behind := q.len - len(arg)
	if q.front.len == 0 || len(arg) < LargeArg || behind < 0 || behind > queryTail ||
		unsafe.SliceData(arg) != unsafe.SliceData(q.all()) {
		return 0, nil, false
	}
	a := c.loop.arena
	q.tail.free(a)
	q.tail.put(a, q.bytes()[len(arg):])
	n := q.spare + len(arg)
	if !a.ResizeInPlace(q.ref, q.spare+q.cap, n, mem.PurposeQueryBuffer) {
		return 0, nil, false
	}
	to.Adopt(a, q.ref, n, mem.PurposeQueryBuffer, p)
	ref = q.ref
	q.taken = q.cap
	q.ref, q.len, q.cap, q.peak = 0, 0, 0, 0
	return ref, q.tail.bytes(), true
}
