package compat

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"strings"

	"granary/tests/live"
)

// generator makes commands. Arguments of the command in the making lie end to end in flat.
type generator struct {
	rng  *rand.Rand
	flat []byte
	ends []int // where each argument ends in flat

	ms, seq uint64     // the last ID that was made for a stream
	ids     [64]string // IDs made for streams, a ring
	idsAt   int
}

func (g *generator) small(n int) int { return g.rng.IntN(n + 1) }

func (g *generator) begin() {}

func (g *generator) end() { g.ends = append(g.ends, len(g.flat)) }

func (g *generator) arg(s string) {
	g.flat = append(g.flat, s...)
	g.end()
}

// keyword is arg in any case now and then.
func (g *generator) keyword(s string) {
	if g.rng.IntN(12) == 0 {
		s = strings.ToLower(s)
	}
	g.arg(s)
}

func (g *generator) text(n int) {
	for range n {
		g.flat = append(g.flat, 'a'+byte(g.rng.IntN(4)))
	}
	g.end()
}

func (g *generator) binary(n int) {
	for range n {
		g.flat = append(g.flat, byte(g.rng.Uint32()))
	}
	g.end()
}

// weighted is the parsed form of every row, with a table that draws rows by weight.
type weighted struct {
	rows  []row
	trees []node
	draw  []uint16

	transactions bool
}

func parseFamilies(names string) (*weighted, error) {
	w := &weighted{}
	for _, f := range families {
		if names != "" && !strings.Contains(","+names+",", ","+f.name+",") {
			continue
		}
		w.transactions = w.transactions || f.name == "transactions"
		for _, r := range f.rows {
			tree, err := parseLine(r.line)
			if err != nil {
				return nil, err
			}
			for range r.weight {
				w.draw = append(w.draw, uint16(len(w.rows)))
			}
			w.rows = append(w.rows, r)
			w.trees = append(w.trees, tree)
		}
	}
	return w, nil
}

// command is one command of a history: its RESP bytes, and how its reply is compared.
type command struct {
	raw []byte
	by  compareBy
	typ []byte // for OBJECT ENCODING of a key: TYPE of that key, which is asked first
}

// args decodes the command again.
func (c command) args() []string {
	var out []string
	b := c.raw
	b = b[bytes.IndexByte(b, '\n')+1:]
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		n, _ := strconv.Atoi(string(b[1 : i-1]))
		out = append(out, string(b[i+1:i+1+n]))
		b = b[i+1+n+2:]
	}
	return out
}

// history makes n commands from seed. One history in four uses SORT, which changes encodings in Redis, and one in four
// changes limits as it goes; what the others show about encodings needs no such excuse.
func (w *weighted) history(seed uint64, n int) []command {
	g := &generator{rng: rand.New(rand.NewPCG(seed, 0x67)), ms: 1}
	sorts, moves := g.rng.IntN(4) == 0, g.rng.IntN(4) == 0
	out := append(make([]command, 0, n), g.drawLimits()...)
	buf := make([]byte, 0, n*64)
	for len(out) < n {
		if w.transactions && g.rng.IntN(transactionEvery) == 0 {
			out = w.transaction(g, out)
			continue
		}
		i := w.draw[g.rng.IntN(len(w.draw))]
		if line := w.rows[i].line; !sorts && strings.HasPrefix(line, "SORT") || !moves && strings.HasPrefix(line, limitRows[0].line) {
			continue
		}
		g.flat, g.ends = g.flat[:0], g.ends[:0]
		g.emit(&w.trees[i])
		if g.rng.IntN(50) == 0 && !random(w.rows[i].line) {
			g.spoil(strings.HasSuffix(w.rows[i].line, " tmo"))
		}
		from := len(buf)
		buf = g.appendRESP(buf)
		c := command{raw: buf[from:len(buf):len(buf)], by: w.rows[i].by}
		if strings.HasPrefix(w.rows[i].line, "OBJECT ENCODING") {
			c.typ = typeOf(c.args())
		}
		out = append(out, c)
	}
	return out
}

// typeOf makes the TYPE that goes before an OBJECT ENCODING.
func typeOf(args []string) []byte {
	if len(args) != 3 {
		return nil
	}
	return live.AppendCommand(nil, "TYPE", args[2])
}

// random tells whether a command takes a member at random when it has an argument less.
func random(line string) bool {
	return strings.HasPrefix(line, "SPOP") || strings.HasPrefix(line, "SRANDMEMBER")
}

// spoil changes the command so that it may be wrong: an argument less, or one more. It invents no number, since a small
// one in the place of an expiry time would let time into the comparison. Where the last argument is the time to wait (waits), a number
// before it is not left there.
func (g *generator) spoil(waits bool) {
	n := len(g.ends)
	if n > 1 && g.rng.IntN(2) == 0 {
		if waits && n > 2 {
			if _, err := strconv.ParseFloat(string(g.flat[g.ends[n-3]:g.ends[n-2]]), 64); err == nil {
				return
			}
		}
		g.ends = g.ends[:n-1]
		g.flat = g.flat[:g.ends[n-2]]
		return
	}
	g.arg([]string{"foo", "", "KEEPTTL", "WITHSCORES", "k1", "LEN", "x y", "\xfe"}[g.rng.IntN(8)])
}

func (g *generator) appendRESP(dst []byte) []byte {
	dst = append(dst, '*')
	dst = strconv.AppendInt(dst, int64(len(g.ends)), 10)
	dst = append(dst, "\r\n"...)
	from := 0
	for _, end := range g.ends {
		dst = append(dst, '$')
		dst = strconv.AppendInt(dst, int64(end-from), 10)
		dst = append(dst, "\r\n"...)
		dst = append(dst, g.flat[from:end]...)
		dst = append(dst, "\r\n"...)
		from = end
	}
	return dst
}

// valueCommands read the whole value of a key of each type, for the comparison at the end of a history.
var valueCommands = map[string]struct {
	lines [][]string // KEY stands for the key
	by    compareBy
}{
	"string": {[][]string{{"GET", "KEY"}}, exact},
	"list":   {[][]string{{"LRANGE", "KEY", "0", "-1"}}, exact},
	"hash":   {[][]string{{"HGETALL", "KEY"}}, sorted},
	"set":    {[][]string{{"SMEMBERS", "KEY"}}, sorted},
	"zset":   {[][]string{{"ZRANGE", "KEY", "0", "-1", "WITHSCORES"}}, exact},
	"stream": {[][]string{{"XRANGE", "KEY", "-", "+"}, {"XINFO", "STREAM", "KEY", "FULL", "COUNT", "0"}, {"XINFO", "GROUPS", "KEY"}}, times},
}
