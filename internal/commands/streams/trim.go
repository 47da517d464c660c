package streams

import (
	"strconv"

	"granary/internal/command"
	"granary/internal/types/stream"
)

// trimming is what XADD and XTRIM say about trimming.
type trimming struct {
	by     strategy
	most   int64     // MAXLEN
	least  stream.ID // MINID
	approx bool      // ~
	limit  int64     // LIMIT, 0: none
	given  bool      // LIMIT was given
	arg    int       // where the argument of MAXLEN or MINID is
}

type strategy uint8

const (
	noTrim strategy = iota
	byLen
	byID
)

const (
	errBothTrims  = "ERR syntax error, MAXLEN and MINID options at the same time are not compatible"
	errMaxLen     = "ERR The MAXLEN argument must be >= 0."
	errLimit      = "ERR The LIMIT argument must be >= 0."
	errLimitAlone = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
	errLimitExact = "ERR syntax error, LIMIT cannot be used without the special ~ option"
	errNoTrim     = "ERR syntax error, XTRIM must be called with trimming strategy"
)

// option reads the trimming option at Args[i] and returns the position after it. ok is false after an error was answered;
// next is i if no such option is there.
func (t *trimming) option(c *command.Ctx, i int) (next int, ok bool) {
	more := len(c.Args) - 1 - i
	switch word := c.Args[i]; {
	case more > 0 && command.Is(word, "maxlen"):
		if i, ok = t.begin(c, i, more, byLen); !ok {
			return i, false
		}
		if t.most, ok = c.Int(c.Args[i]); !ok {
			return i, false
		}
		if t.most < 0 {
			c.Out.Error(errMaxLen)
			return i, false
		}
	case more > 0 && command.Is(word, "minid"):
		if i, ok = t.begin(c, i, more, byID); !ok {
			return i, false
		}
		if t.least, ok = strictID(c, c.Args[i], 0); !ok {
			return i, false
		}
	case more > 0 && command.Is(word, "limit"):
		i++
		if t.limit, ok = c.Int(c.Args[i]); !ok {
			return i, false
		}
		if t.limit < 0 {
			c.Out.Error(errLimit)
			return i, false
		}
		t.given = true
	default:
		return i, true
	}
	return i + 1, true
}

// begin notes a strategy and returns the position of its argument.
func (t *trimming) begin(c *command.Ctx, i, more int, by strategy) (arg int, ok bool) {
	if t.by != noTrim {
		c.Out.Error(errBothTrims)
		return i, false
	}
	t.by, t.approx = by, false
	if more >= 2 {
		switch string(c.Args[i+1]) {
		case "~":
			t.approx = true
			i++
		case "=":
			i++
		}
	}
	t.arg = i + 1
	return i + 1, true
}

// settle checks what was read, and sets the limit of an approximate trim that has none.
func (t *trimming) settle(c *command.Ctx, must bool) bool {
	switch {
	case t.limit != 0 && t.by == noTrim:
		c.Out.Error(errLimitAlone)
		return false
	case must && t.by == noTrim:
		c.Out.Error(errNoTrim)
		return false
	case c.Client.Flags&command.FlagReplay != 0:
		t.limit = 0 // what was written down says exactly how long the stream became
	case t.given && !t.approx:
		c.Out.Error(errLimitExact)
		return false
	case !t.given && t.approx:
		const nodes, few, most = 100, 10000, 1000000
		t.limit = min(c.Env.Config.StreamNodeMaxEntries, most) * nodes
		if t.limit <= 0 {
			t.limit = few
		}
		t.limit = min(t.limit, most)
	}
	return true
}

// trim trims a stream and returns how many entries it lost. The memory of many is given back in slices.
func (t *trimming) trim(c *command.Ctx, s *stream.Stream) (n int) {
	var lost stream.Doomed
	how := stream.Trim{Approx: t.approx, Limit: int(t.limit), Doomed: &lost}
	switch t.by {
	case byLen:
		n = s.TrimMaxLen(uint64(t.most), how)
	case byID:
		n = s.TrimMinID(t.least, how)
	}
	c.DB.GiveBackEntries(c.Args[1], lost)
	return n
}

// exactly replaces in args what an approximate trim said by what it did, so that it does the same elsewhere.
func (t *trimming) exactly(s *stream.Stream, args [][]byte) {
	if !t.approx {
		return
	}
	args[t.arg-1] = []byte("=")
	if t.by == byLen {
		args[t.arg] = strconv.AppendInt(nil, int64(s.Len()), 10)
		return
	}
	args[t.arg] = stream.AppendID(nil, stream.Edge(s))
}

// cmdXTrim answers XTRIM key MAXLEN | MINID [= | ~] threshold [LIMIT count].
func cmdXTrim(c *command.Ctx) {
	var t trimming
	for i := 2; i < len(c.Args); {
		next, ok := t.option(c, i)
		if !ok {
			return
		}
		if next == i {
			c.SyntaxError()
			return
		}
		i = next
	}
	if !t.settle(c, true) {
		return
	}
	it := c.Write(c.Args[1])
	if !it.Exists() {
		c.Out.Int(0)
		return
	}
	if !isStream(c, &it) {
		return
	}
	s := stream.In(&it)
	n := t.trim(c, &s)
	if n > 0 {
		changed(c, c.Args[1], "xtrim", n)
		if t.approx && c.Feeding() {
			args := append([][]byte(nil), c.Args...)
			t.exactly(&s, args)
			c.Rewrite(args...)
		}
	}
	c.Out.Int(int64(n))
}
