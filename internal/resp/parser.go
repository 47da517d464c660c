package resp

import (
	"bytes"
	"errors"
	"reflect"
)

// Limits of requests, as in Redis.
const (
	maxInline   = 64 << 10 // bytes of a line: an inline request or a header
	maxArgs     = 1<<31 - 1
	unauthArgs  = 10       // arguments before AUTH
	unauthBulk  = 16 << 10 // bytes of an argument before AUTH
	bigArg      = 32 << 10 // arguments that Need speaks of
	keepArgs    = 1024     // arguments for which room is kept between requests
	restRoom    = 192      // bytes of that room which a client keeps that is silent
	defaultBulk = 512 << 20
	fastHeadMax = 9 // digits that the short path reads: no overflow to check
)

// Errors in requests. The connection is closed after the reply, which is
// "ERR Protocol error: " and the text.
var (
	ErrInlineTooBig     = errors.New("too big inline request")
	ErrUnbalancedQuotes = errors.New("unbalanced quotes in request")
	ErrCountTooBig      = errors.New("too big mbulk count string")
	ErrCount            = errors.New("invalid multibulk length")
	ErrCountUnauth      = errors.New("unauthenticated multibulk length")
	ErrLenTooBig        = errors.New("too big bulk count string")
	ErrLen              = errors.New("invalid bulk length")
	ErrLenUnauth        = errors.New("unauthenticated bulk length")
)

// ExpectedDollarError says that an argument does not begin with '$'.
type ExpectedDollarError byte

func (e ExpectedDollarError) Error() string {
	return string(append([]byte("expected '$', got '"), byte(e), '\''))
}

// A Parser reads requests of one client. There are two ways through it.
//
// Fast path: nothing is remembered, and the bytes at hand begin with a whole
// request of the ordinary form. It is read in one pass straight into Args.
//
// Slow path: anything else. The request is read header by header; what has
// been understood is remembered as offsets, so that more bytes, in whatever
// place, continue it. Errors are found here only.
type Parser struct {
	// Args are the arguments of the request that Parse found. They are slices
	// of its input, valid as long as that is, and until the next Parse.
	Args [][]byte

	// Front are the first bytes of the unfinished request if they do not lie
	// before the input: the input goes on behind them. Parse forgets them when
	// the request is complete.
	//
	// REQUIRES: they end where a large argument begins (Body).
	Front []byte

	MaxBulk int64 // proto-max-bulk-len; 0: 512 MB
	Unauth  bool  // apply the limits for clients that have not authenticated

	// The unfinished request. All offsets are from its first byte.
	pos   int // how far it is understood
	left  int // arguments to come; 0: the count is not known yet
	bulk  int // length of the argument at pos, or -1: its header comes first
	spans []span
	busy  bool // a request is unfinished, and the fields above hold
}

type span struct{ off, len int }

// Parse looks at in, which begins with a request, or goes on behind Front. If
// that is complete it returns the number of bytes of in it takes and sets Args, which is empty for a
// request that is to be ignored: an empty line or "*0". n is 0 if more bytes
// are needed; then the next input begins with the same request. After an
// error the Parser is of no more use.
func (p *Parser) Parse(in []byte) (n int, err error) {
	if !p.busy {
		// NB: there is no Front: only an unfinished request has one.
		if n = p.fast(in); n > 0 {
			return n, nil
		}
		if len(in) == 0 {
			return 0, nil
		}
		p.busy = true
		p.pos, p.left, p.bulk = 0, 0, -1
		p.spans = p.spans[:0]
	}
	return p.slow(in)
}

// Need returns how many bytes the unfinished request will have at least, Front
// not counted, if its current argument is large; otherwise 0.
func (p *Parser) Need() int {
	if !p.busy || p.bulk < bigArg {
		return 0
	}
	return p.pos - len(p.Front) + p.bulk + 2
}

// Body returns where the current argument of the unfinished request begins if
// it is large, and the first that is; otherwise 0. The bytes before it may
// become the Front of the next call.
func (p *Parser) Body() int {
	if !p.busy || p.bulk < bigArg || len(p.Front) > 0 {
		return 0
	}
	return p.pos
}

// Complete returns how many bytes of the unfinished request, Front and all, are before its current argument.
func (p *Parser) Complete() int {
	if !p.busy {
		return 0
	}
	return p.pos
}

// Unread makes the request that Parse just found the unfinished one again, so
// that the same bytes, with the same Front, find it once more.
//
// REQUIRES: it had a Front.
func (p *Parser) Unread() { p.busy = true }

// Rebase says that what the last request had behind its argument i lies at tail
// now.
//
// REQUIRES: the request had a Front.
func (p *Parser) Rebase(i int, tail []byte) {
	end := p.spans[i].off + p.spans[i].len
	for j := i + 1; j < len(p.Args); j++ {
		s := p.spans[j]
		at := s.off - end
		p.Args[j] = tail[at : at+s.len : at+s.len]
	}
}

// Unfinished returns the number of arguments of the unfinished request that
// were read, and the number of their bytes.
func (p *Parser) Unfinished() (args, size int) {
	if !p.busy {
		return 0, 0
	}
	for _, s := range p.spans {
		size += s.len
	}
	return len(p.spans), size
}

// Reset forgets an unfinished request.
func (p *Parser) Reset() {
	p.busy = false
	p.Front = nil
	p.Args = p.Args[:0]
}

// Trim gives back the room kept for arguments if it is large.
func (p *Parser) Trim() {
	if cap(p.Args) > keepArgs {
		p.Args = nil
	}
	if cap(p.spans) > keepArgs && !p.busy {
		p.spans = nil
	}
}

var (
	argSize  = int(reflect.TypeFor[[]byte]().Size())
	spanSize = int(reflect.TypeFor[span]().Size())
)

// Room returns the bytes of the room kept for arguments, which lies on the Go heap.
func (p *Parser) Room() int {
	return cap(p.Args)*argSize + cap(p.spans)*spanSize
}

// Rest gives the room kept for arguments back if it is more than a few, unless a request is unfinished. Args are void.
func (p *Parser) Rest() {
	if !p.busy && p.Room() > restRoom {
		p.Args, p.spans = nil, nil
	}
}

// fast reads a complete request of the ordinary form, or returns 0.
func (p *Parser) fast(in []byte) int {
	most, bulk := maxArgs, maxBulk(p.MaxBulk)
	if p.Unauth {
		most, bulk = unauthArgs, min(bulk, unauthBulk)
	}
	args, n := ordinary(in, p.Args[:0], most, bulk)
	if n > 0 {
		p.Args = args
	}
	return n
}

// maxBulk returns the longest an argument may be.
func maxBulk(limit int64) int64 {
	if limit == 0 {
		return defaultBulk
	}
	return limit
}

// ordinary reads a complete request of the ordinary form, at most so many arguments, and appends them to args. It returns the
// request's bytes, 0 if it is not such a one.
func ordinary(in []byte, args [][]byte, most int, maxBulk int64) ([][]byte, int) {
	if len(in) < 4 || in[0] != '*' {
		return nil, 0
	}
	count, i := fastHead(in, 1)
	if i == 0 || count == 0 || count > most {
		return nil, 0
	}
	for ; count > 0; count-- {
		if i >= len(in) || in[i] != '$' {
			return nil, 0
		}
		n, at := fastHead(in, i+1)
		if at == 0 || int64(n) > maxBulk || len(in)-at < n+2 {
			return nil, 0
		}
		args = append(args, in[at:at+n:at+n])
		i = at + n + 2
	}
	return args, i
}

// fastHead reads the digits of a header at i, and its line end. It returns the
// number and the offset behind the line end, which is 0 for anything but a
// short number in its plain form.
func fastHead(in []byte, i int) (v, next int) {
	if i+2 >= len(in) {
		return 0, 0
	}
	d := in[i] - '0'
	if d > 9 {
		return 0, 0
	}
	v = int(d)
	i++
	if in[i] != '\r' {
		if d == 0 {
			return 0, 0 // a leading zero
		}
		for end := min(i+fastHeadMax-1, len(in)); ; i++ {
			if i >= end {
				return 0, 0
			}
			if d = in[i] - '0'; d > 9 {
				break
			}
			v = v*10 + int(d)
		}
		if in[i] != '\r' || i+1 >= len(in) {
			return 0, 0
		}
	}
	return v, i + 2
}

// slow continues the unfinished request.
func (p *Parser) slow(in []byte) (int, error) {
	if p.pos == 0 && in[0] != '*' {
		return p.inline(in)
	}
	if p.pos == 0 {
		done, err := p.count(in)
		if err != nil || !done {
			return 0, err
		}
		if p.left == 0 { // nothing, or less: ignored
			return p.finish(in), nil
		}
	}
	for p.left > 0 {
		if p.bulk < 0 {
			done, err := p.header(in)
			if err != nil || !done {
				return 0, err
			}
		}
		if len(p.Front)+len(in)-p.pos < p.bulk+2 {
			return 0, nil
		}
		// NB: the two bytes behind the argument are not looked at.
		p.spans = append(p.spans, span{p.pos, p.bulk})
		p.pos += p.bulk + 2
		p.bulk = -1
		p.left--
	}
	return p.finish(in), nil
}

// count reads the number of arguments: "*3\r\n".
func (p *Parser) count(in []byte) (done bool, err error) {
	cr := line(in[p.pos:], '\r')
	if cr < 0 {
		if len(in) > maxInline {
			return false, ErrCountTooBig
		}
		return false, nil
	}
	if cr > len(in)-2 {
		return false, nil // the line end is not complete
	}
	v, ok := parseInt(in[1:cr])
	switch {
	case !ok || v > maxArgs:
		return false, ErrCount
	case v > unauthArgs && p.Unauth:
		return false, ErrCountUnauth
	}
	p.pos = cr + 2
	p.left = int(max(v, 0))
	return true, nil
}

// header reads the length of an argument: "$3\r\n".
func (p *Parser) header(in []byte) (done bool, err error) {
	rest := in[p.pos-len(p.Front):]
	cr := line(rest, '\r')
	if cr < 0 {
		if len(rest) > maxInline {
			return false, ErrLenTooBig
		}
		return false, nil
	}
	if cr > len(rest)-2 {
		return false, nil
	}
	if rest[0] != '$' {
		return false, ExpectedDollarError(rest[0])
	}
	v, ok := parseInt(rest[1:cr])
	switch {
	case !ok || v < 0 || v > maxBulk(p.MaxBulk):
		return false, ErrLen
	case v > unauthBulk && p.Unauth:
		return false, ErrLenUnauth
	}
	p.pos += cr + 2
	p.bulk = int(v)
	return true, nil
}

// finish ends the unfinished request, which takes p.pos bytes.
func (p *Parser) finish(in []byte) int {
	p.busy = false
	p.Args = p.Args[:0]
	front := p.Front
	p.Front = nil
	for _, s := range p.spans {
		from, off := in, s.off-len(front)
		if off < 0 {
			from, off = front, s.off
		}
		p.Args = append(p.Args, from[off:off+s.len:off+s.len])
	}
	return p.pos - len(front)
}

// inline reads a request that is one line of words.
func (p *Parser) inline(in []byte) (int, error) {
	nl := line(in, '\n')
	if nl < 0 {
		if len(in) > maxInline {
			return 0, ErrInlineTooBig
		}
		return 0, nil
	}
	text := in[:nl]
	if nl > 0 && in[nl-1] == '\r' {
		text = in[:nl-1]
	}
	args, ok := SplitArgs(p.Args[:0], text)
	p.Args = args
	if !ok {
		return 0, ErrUnbalancedQuotes
	}
	p.busy = false
	return nl + 1, nil
}

// line returns the offset of the line end c. A zero byte before it hides it,
// and everything behind: a client that sends such things does not speak the
// protocol, and ends up at the limit of a line.
func line(in []byte, c byte) int {
	i := bytes.IndexByte(in, c)
	if i >= 0 && bytes.IndexByte(in[:i], 0) >= 0 {
		return -1
	}
	return i
}

// parseInt reads a 64-bit integer in its one plain form: no sign but '-', no
// leading zeros, no "-0".
func parseInt(b []byte) (int64, bool) {
	if len(b) == 1 && b[0] == '0' {
		return 0, true
	}
	neg := false
	if len(b) > 0 && b[0] == '-' {
		neg = true
		b = b[1:]
	}
	if len(b) == 0 || b[0] < '1' || b[0] > '9' || len(b) > 19 {
		return 0, false
	}
	v := uint64(0)
	for _, c := range b {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		v = v*10 + uint64(d)
	}
	switch {
	case neg && v <= 1<<63:
		return -int64(v), true
	case !neg && v < 1<<63:
		return int64(v), true
	}
	return 0, false
}
