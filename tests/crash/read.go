package crash

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"granary/tests/live"
)

// pipeline sends requests at once and returns their replies.
func pipeline(c *live.Conn, requests [][]string) ([]live.Reply, error) {
	var b []byte
	for _, r := range requests {
		b = live.AppendCommand(b, r...)
	}
	if err := c.SetWriteDeadline(time.Now().Add(c.Timeout)); err != nil {
		return nil, err
	}
	if _, err := c.Write(b); err != nil {
		return nil, err
	}
	replies := make([]live.Reply, len(requests))
	for i := range replies {
		raw, err := c.ReadRaw(nil)
		if err != nil {
			return nil, err
		}
		if replies[i], err = live.Parse(raw); err != nil {
			return nil, err
		}
	}
	return replies, nil
}

// readState reads what a server has of a writer, at one moment, and says if something is there by half.
func readState(c *live.Conn, w int) (*state, error) {
	k := func(name string) string { return key(w, name) }
	a, b := dbs(w)
	replies, err := pipeline(c, [][]string{
		{"MULTI"},
		{"GET", k("seq")},
		{"HGETALL", k("h")},
		{"LRANGE", k("l"), "0", "-1"},
		{"ZRANGE", k("z"), "0", "-1", "WITHSCORES"},
		{"GET", k("s")},
		{"GET", k("big")},
		{"HGETALL", k("fields")},
		{"MGET", k("x:l"), k("x:r"), k("y:l"), k("y:r"), k("e:l"), k("e:r")},
		{"SELECT", a},
		{"MGET", "l", "r"},
		{"SELECT", b},
		{"MGET", "l", "r"},
		{"SELECT", "0"},
		{"EXEC"},
	})
	if err != nil {
		return nil, err
	}
	r := replies[len(replies)-1].Elems
	if len(r) != len(replies)-2 {
		return nil, fmt.Errorf("reading the state: %s", replies[len(replies)-1])
	}
	s := newState()
	s.seq, _ = strconv.Atoi(r[0].Str)
	for i := 0; i+1 < len(r[1].Elems); i += 2 {
		s.hash[r[1].Elems[i].Str] = r[1].Elems[i+1].Str
	}
	for _, e := range r[2].Elems {
		s.list = append(s.list, e.Str)
	}
	for i := 0; i+1 < len(r[3].Elems); i += 2 {
		s.zset[r[3].Elems[i].Str], _ = strconv.Atoi(r[3].Elems[i+1].Str)
	}
	s.text, s.big = r[4].Str, r[5].Str
	counts := map[int]int{}
	for i := 0; i+1 < len(r[6].Elems); i += 2 {
		block, _ := strconv.Atoi(strings.Split(r[6].Elems[i].Str, ":")[1])
		v := r[6].Elems[i+1].Str
		if had, ok := s.fields[block]; ok && had != v {
			return nil, fmt.Errorf("half an op: fields of block %d are %s and %s", block, had, v)
		}
		s.fields[block] = v
		counts[block]++
	}
	for block, n := range counts {
		if n != 50 {
			return nil, fmt.Errorf("half an op: block %d has %d fields", block, n)
		}
	}
	pair := func(name string, e []live.Reply) string {
		if e[0].Str != e[1].Str && err == nil {
			err = fmt.Errorf("half a pair: %s are %q and %q", name, e[0].Str, e[1].Str)
		}
		return e[0].Str
	}
	set := func(name string, e []live.Reply) {
		if v := pair(name, e); v != "" {
			s.pairs[name] = v
		}
	}
	set("x", r[7].Elems[0:2])
	set("y", r[7].Elems[2:4])
	s.expire = pair("the keys that expire", r[7].Elems[4:6])
	s.inDB = [2]string{pair("those of the first database", r[9].Elems), pair("those of the second database", r[11].Elems)}
	return s, err
}

// differ compares what a server has, read between two times in Unix ms, with what it must have, and says where they differ.
func differ(got, want *state, before, after int64) error {
	g, w := got.lines(), want.lines()
	for i := range w {
		if g[i] == w[i] {
			if strings.HasPrefix(w[i], expiring) && want.expire != "" && before > want.end {
				return fmt.Errorf("%q is there %d ms behind its end", w[i], before-want.end)
			}
			continue
		}
		if strings.HasPrefix(w[i], expiring) && got.expire == "" && after >= want.end {
			continue
		}
		return &difference{g[i], w[i], want.seq}
	}
	return nil
}

// difference is what a server has of a writer in the place of what the writer had at an op.
type difference struct {
	got, want string
	op        int
}

func (d *difference) Error() string {
	n := 0
	for n < min(len(d.got), len(d.want)) && d.got[n] == d.want[n] {
		n++
	}
	from := max(n-100, 0)
	return fmt.Sprintf("it has %s, and at op %d it had %s; the first %d bytes are the same", short(d.got[from:]), d.op, short(d.want[from:]), n)
}

// hole reports whether there are zeros where there was something else.
func (d *difference) hole() bool {
	return strings.ContainsRune(d.got, 0) && !strings.ContainsRune(d.want, 0)
}

func short(s string) string {
	if len(s) > 600 {
		return fmt.Sprintf("%q... (%d bytes)", s[:600], len(s))
	}
	return strconv.Quote(s)
}
