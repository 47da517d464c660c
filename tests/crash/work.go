package crash

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// What a writer does. Its keys are its own, and every op changes all it changes at once, in MULTI, in a script or by MSET, together
// with the number of the op in the key wN:seq. So what a server has of a writer after a restart has to be what the writer had made
// up to the op whose number is there: no half op, none left out, and nothing made up.
type op struct {
	kind opKind
	way  way
	n    int   // number, from 1; none is used twice in a directory
	arg  int   // random
	at   int64 // Unix ms, of ops that set an expiry
}

type opKind int

const (
	opHash opKind = iota
	opList
	opZSet
	opAppend
	opBig    // a string, long now and then
	opFields // fifty fields of a large hash get the same value
	opPair   // two strings get the same value
	opMove   // both are renamed
	opUnpair // both are deleted
	opExpire // two keys with the same value and the same end
	opSwap   // the two databases of the writer are exchanged
	opInDB   // two strings in the first of them
	opDrop   // what is large is deleted
	opKinds
)

type way int

const (
	byMulti way = iota
	byScript
	byMSet
	ways
)

// script executes commands: for each a number of words, and the words. What fails does so for both halves.
const script = `local i = 1
while i <= #ARGV do
  local n = tonumber(ARGV[i])
  redis.pcall(unpack(ARGV, i + 1, i + n))
  i = i + n + 1
end
return 'OK'`

func newOp(rng *rand.Rand, n int, now int64) op {
	o := op{kind: opKind(rng.IntN(int(opKinds))), n: n, arg: rng.IntN(1 << 20)}
	o.way = way(rng.IntN(2))
	if o.kind == opPair && rng.IntN(2) == 0 {
		o.way = byMSet
	}
	if o.kind == opDrop && rng.IntN(4) > 0 {
		o.kind = opFields
	}
	o.at = now + int64(20+o.arg%400)
	if o.arg%3 == 0 {
		o.at = now + 3600_000
	}
	return o
}

// big is the string that an op of this number stores.
func (o op) big() string {
	size := 1 + o.arg%3000
	if o.arg%16 == 0 {
		size = 60_000 + o.arg%200_000
	}
	word := strconv.Itoa(o.n) + ","
	return strings.Repeat(word, size/len(word)+1)[:size]
}

func (o op) value() string { return "v" + strconv.Itoa(o.n) }

// dbs returns the two databases of a writer beside database 0.
func dbs(w int) (a, b string) { return strconv.Itoa(1 + 2*w), strconv.Itoa(2 + 2*w) }

func key(w int, name string) string { return "w" + strconv.Itoa(w) + ":" + name }

// commands returns what an op does, beside the number.
func (o op) commands(w int) [][]string {
	k := func(name string) string { return key(w, name) }
	v := o.value()
	a, b := dbs(w)
	switch o.kind {
	case opHash:
		return [][]string{{"HSET", k("h"), "f" + strconv.Itoa(o.arg%30), v}}
	case opList:
		return [][]string{{"RPUSH", k("l"), v}, {"LTRIM", k("l"), "-40", "-1"}}
	case opZSet:
		return [][]string{{"ZADD", k("z"), strconv.Itoa(o.n), "m" + strconv.Itoa(o.arg%30)}}
	case opAppend:
		if o.arg%50 == 0 {
			return [][]string{{"SET", k("s"), v}}
		}
		return [][]string{{"APPEND", k("s"), v}}
	case opBig:
		return [][]string{{"SET", k("big"), o.big()}}
	case opFields:
		c := []string{"HSET", k("fields")}
		for i := range 50 {
			c = append(c, fmt.Sprintf("block:%d:field:%d", o.arg%40, i), v)
		}
		return [][]string{c}
	case opPair:
		return [][]string{{"SET", k("x:l"), v}, {"SET", k("x:r"), v}}
	case opMove:
		from, to := "x", "y"
		if o.arg%2 == 0 {
			from, to = to, from
		}
		return [][]string{{"RENAME", k(from + ":l"), k(to + ":l")}, {"RENAME", k(from + ":r"), k(to + ":r")}}
	case opUnpair:
		return [][]string{{"DEL", k("x:l")}, {"UNLINK", k("x:r")}}
	case opExpire:
		at := strconv.FormatInt(o.at, 10)
		return [][]string{{"SET", k("e:l"), v, "PXAT", at}, {"SET", k("e:r"), v, "PXAT", at}}
	case opSwap:
		return [][]string{{"SWAPDB", a, b}}
	case opInDB:
		return [][]string{{"SELECT", a}, {"SET", "l", v}, {"SET", "r", v}, {"SELECT", "0"}}
	case opDrop:
		return [][]string{{"UNLINK", k("fields")}, {"DEL", k("big")}}
	}
	panic(fmt.Sprintf("BUG: op of kind %d", o.kind))
}

// requests returns what is sent to do an op: as many replies come back.
func (o op) requests(w int) [][]string {
	list := append([][]string{{"SET", key(w, "seq"), strconv.Itoa(o.n)}}, o.commands(w)...)
	switch o.way {
	case byMSet:
		all := []string{"MSET"}
		for _, c := range list {
			all = append(all, c[1:]...)
		}
		return [][]string{all}
	case byScript:
		all := []string{"EVAL", script, "0"}
		for _, c := range list {
			all = append(append(all, strconv.Itoa(len(c))), c...)
		}
		return [][]string{all}
	}
	return append(append([][]string{{"MULTI"}}, list...), []string{"EXEC"})
}

// state is what a writer has made.
type state struct {
	seq    int
	hash   map[string]string
	list   []string
	zset   map[string]int
	text   string
	big    string
	fields map[int]string
	pairs  map[string]string // x, y
	end    int64             // Unix ms, of the keys that expire
	expire string
	inDB   [2]string // "": nothing
}

func (s *state) clone() *state {
	c := *s
	c.hash, c.zset, c.fields, c.pairs = maps.Clone(s.hash), maps.Clone(s.zset), maps.Clone(s.fields), maps.Clone(s.pairs)
	c.list = slices.Clone(s.list)
	return &c
}

func newState() *state {
	return &state{hash: map[string]string{}, zset: map[string]int{}, fields: map[int]string{}, pairs: map[string]string{}}
}

// do does an op.
func (s *state) do(o op) {
	v := o.value()
	s.seq = o.n
	switch o.kind {
	case opHash:
		s.hash["f"+strconv.Itoa(o.arg%30)] = v
	case opList:
		s.list = append(s.list, v)
		s.list = s.list[max(0, len(s.list)-40):]
	case opZSet:
		s.zset["m"+strconv.Itoa(o.arg%30)] = o.n
	case opAppend:
		if o.arg%50 == 0 {
			s.text = ""
		}
		s.text += v
	case opBig:
		s.big = o.big()
	case opFields:
		s.fields[o.arg%40] = v
	case opPair:
		s.pairs["x"] = v
	case opMove:
		from, to := "x", "y"
		if o.arg%2 == 0 {
			from, to = to, from
		}
		if had, ok := s.pairs[from]; ok {
			s.pairs[to] = had
			delete(s.pairs, from)
		}
	case opUnpair:
		delete(s.pairs, "x")
	case opExpire:
		s.expire, s.end = v, o.at
	case opSwap:
		s.inDB[0], s.inDB[1] = s.inDB[1], s.inDB[0]
	case opInDB:
		s.inDB[0] = v
	case opDrop:
		s.fields, s.big = map[int]string{}, ""
	}
}

// expiring is how the keys that expire stand in text, which is compared apart.
const expiring = "expiring "

// text returns the state as lines that can be compared.
func (s *state) lines() []string {
	list := []string{"seq " + strconv.Itoa(s.seq)}
	add := func(name string, items []string) {
		slices.Sort(items)
		list = append(list, name+" "+strings.Join(items, " "))
	}
	var items []string
	for f, v := range s.hash {
		items = append(items, f+"="+v)
	}
	add("hash", items)
	list = append(list, "list "+strings.Join(s.list, " "))
	items = nil
	for m, n := range s.zset {
		items = append(items, m+"="+strconv.Itoa(n))
	}
	add("zset", items)
	list = append(list, "text "+s.text, "big "+s.big)
	items = nil
	for b, v := range s.fields {
		items = append(items, fmt.Sprintf("%d=%s", b, v))
	}
	add("fields", items)
	list = append(list, "x "+s.pairs["x"], "y "+s.pairs["y"], "first "+s.inDB[0], "second "+s.inDB[1])
	return append(list, expiring+s.expire)
}
