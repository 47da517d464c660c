package server

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary/internal/command/commandtest"
	"granary/internal/prefix"
	"granary/tests/live"
)

// prefixHistory does random commands on keys of a few prefixes in three databases.
type prefixHistory struct {
	*commandtest.Session
	rng *rand.Rand
}

func (h *prefixHistory) key() string {
	return fmt.Sprintf("%c:%d:%d", 'a'+h.rng.IntN(3), h.rng.IntN(6), h.rng.IntN(4))
}

// many returns some arguments, now and then very many: # is a number, $ a text.
func (h *prefixHistory) many(words ...string) []string {
	n := 1 + h.rng.IntN(4)
	if h.rng.IntN(8) == 0 {
		n = 100 + h.rng.IntN(400) // what is given back in slices
	}
	var out []string
	for range n {
		for _, w := range words {
			switch w {
			case "#":
				w = strconv.Itoa(h.rng.IntN(1000))
			case "$":
				w = strings.Repeat("v", h.rng.IntN(120)) + strconv.Itoa(h.rng.IntN(500))
			}
			out = append(out, w)
		}
	}
	return out
}

// command returns a random command. Errors are as good as any other reply.
func (h *prefixHistory) command() []string {
	k, l, m := h.key(), h.key(), h.key()
	num := strconv.Itoa(h.rng.IntN(200))
	with := func(head []string, tail []string) []string { return append(head, tail...) }
	all := [][]string{
		{"SET", k, h.many("$")[0]},
		{"SET", k, num, "PX", num + "0"},
		{"APPEND", k, h.many("$")[0]},
		{"SETRANGE", k, num, "x"},
		{"INCR", k},
		{"MSET", k, num, l, h.many("$")[0], m, "z"},
		{"GETEX", k, "PERSIST"},
		{"GETDEL", k},
		{"PFADD", k, num, "a"},
		{"PFMERGE", k, l, m},
		{"PFCOUNT", k, l},
		{"BITOP", "OR", k, l, m},
		{"SETBIT", k, num, "1"},
		{"DEL", k, l, m},
		{"UNLINK", k, l},
		{"RENAME", k, l},
		{"RENAMENX", k, l},
		{"COPY", k, l, "REPLACE"},
		{"COPY", k, l, "DB", strconv.Itoa(h.rng.IntN(3)), "REPLACE"},
		{"MOVE", k, strconv.Itoa(h.rng.IntN(3))},
		{"PEXPIRE", k, num + "0"},
		{"PERSIST", k},
		{"SORT", k, "ALPHA", "STORE", l},
		{"SORT", k, "BY", "*", "GET", "*->f", "STORE", l},
		with([]string{"HSET", k}, h.many("#", "$")),
		with([]string{"HDEL", k}, h.many("#")),
		{"HPEXPIRE", k, num, "FIELDS", "2", num, "5"},
		{"HINCRBY", k, num, num},
		with([]string{"RPUSH", k}, h.many("$")),
		{"LPOP", k, num},
		{"LTRIM", k, num, "-1"},
		{"LMOVE", k, l, "LEFT", "RIGHT"},
		{"LMPOP", "2", k, l, "LEFT", "COUNT", num},
		with([]string{"SADD", k}, h.many("#")),
		with([]string{"SADD", k}, h.many("$")),
		{"SMOVE", k, l, num},
		{"SPOP", k, num},
		{"SUNIONSTORE", k, l, m},
		{"SINTERSTORE", k, l, m},
		{"SDIFFSTORE", k, l, m},
		with([]string{"ZADD", k}, h.many("#", "$")),
		{"ZUNIONSTORE", k, "2", l, m},
		{"ZRANGESTORE", k, l, "0", num},
		{"ZREMRANGEBYRANK", k, "0", num},
		{"ZPOPMIN", k, num},
		{"GEOADD", k, "13.3", "38.1", num},
		{"GEOSEARCHSTORE", k, l, "FROMLONLAT", "13", "38", "BYRADIUS", "500", "km"},
		with([]string{"XADD", k, "*"}, h.many("f", "$")),
		{"XTRIM", k, "MAXLEN", num},
		{"XGROUP", "CREATE", k, "g", "0", "MKSTREAM"},
		{"XREADGROUP", "GROUP", "g", "c" + num, "STREAMS", k, l, ">", ">"},
		{"XREADGROUP", "GROUP", "g", "c", "COUNT", num, "STREAMS", k, ">"},
		{"XAUTOCLAIM", k, "g", "d", "0", "0"},
		{"XGROUP", "DELCONSUMER", k, "g", "c"},
		{"XGROUP", "DESTROY", k, "g"},
		{"SWAPDB", "0", strconv.Itoa(h.rng.IntN(3))},
		{"SELECT", strconv.Itoa(h.rng.IntN(3))},
		{"EVAL", "redis.call('SET', KEYS[1], ARGV[1]) redis.call('DEL', KEYS[2]) redis.pcall('RPUSH', KEYS[3], ARGV[1])", "3", k, l, m, num},
		{"GET", k},
		{"HGETALL", k},
		{"OBJECT", "ENCODING", k},
		{"DEBUG", "LISTPACK", k},
	}
	return all[h.rng.IntN(len(all))]
}

// step does one thing that may change what prefixes have: a command, a transaction, time, or background work.
func (h *prefixHistory) step() {
	ks := h.Env.Keys
	switch n := h.rng.IntN(200); {
	case n == 0:
		h.Do(h.pick("FLUSHALL", "FLUSHDB"), h.pick("SYNC", "ASYNC"))
	case n == 1:
		h.Do("MULTI")
		for range 4 {
			h.Do(h.command()...)
		}
		h.Do("EXEC")
	case n < 10:
		ks.Now += h.rng.Int64N(500)
		ks.ExpireSlice(time.Now().Add(time.Millisecond))
	case n < 20:
		ks.ReclaimSome()
	case n < 60:
		ks.CountPrefixes(time.Now()) // a few buckets
	case n < 65:
		ks.TickPrefixes()
	default:
		h.Do(h.command()...)
	}
}

func (h *prefixHistory) pick(words ...string) string { return words[h.rng.IntN(len(words))] }

// settled gives everything back, counts everything, and fails the test if the tree is not what a recount says.
func (h *prefixHistory) settled() {
	h.T.Helper()
	ks := h.Env.Keys
	for !ks.Reclaim(time.Now().Add(time.Second)) {
	}
	for !ks.CountPrefixes(time.Now().Add(time.Second)) {
	}
	if off, err := ks.AuditPrefixes(); off != 0 || err != nil {
		h.T.Fatalf("off by %d: %v", off, err)
	}
	t, unassigned := ks.Prefixes()
	keys := 0
	for _, db := range ks.DBs {
		keys += db.Len()
	}
	if total := t.Total(prefix.Shown); unassigned != 0 || total.Keys != int64(keys) || total.Bytes != ks.Arena.KeyBytes() {
		h.T.Fatalf("%d keys with %d bytes, and the tree has %v and %d bytes of no prefix", keys, ks.Arena.KeyBytes(), total, unassigned)
	}
}

// TestPrefixHistories holds the tree against recounts in random histories of all types: with rows enough and with few, and
// with trees that come and go in the middle.
func TestPrefixHistories(t *testing.T) {
	for i := range 6 {
		rows, split := []int{4096, prefix.MinRows}[i%2], []prefix.Split{{Delim: ":", Depth: 2}, {Delim: ":", Depth: 1}, {Depth: 5}}[i/2]
		t.Run(fmt.Sprintf("%d rows, %q to depth %d", rows, split.Delim, split.Depth), func(t *testing.T) {
			h := &prefixHistory{Session: commandtest.New(t, families...), rng: rand.New(rand.NewPCG(live.Seed(t), uint64(i)))}
			h.Env.Keys.SetPrefixes(split, rows)
			for n := range 6000 {
				h.step()
				switch h.rng.IntN(600) {
				case 0:
					h.Env.Keys.NoPrefixes()
					for range h.rng.IntN(30) {
						h.Do(h.command()...)
					}
					h.Env.Keys.SetPrefixes(split, rows)
				case 1:
					h.Env.Keys.SetPrefixes(split, rows)
				}
				if n%200 == 199 {
					h.settled()
				}
			}
			h.settled()
		})
	}
}

// TestPrefixTime: time makes counts happen again that make rows exact.
func TestPrefixTime(t *testing.T) {
	h := &prefixHistory{Session: commandtest.New(t, families...), rng: rand.New(rand.NewPCG(live.Seed(t), 1))}
	ks := h.Env.Keys
	ks.SetPrefixes(prefix.Split{Delim: ":", Depth: 1}, prefix.MinRows)
	for i := range 1000 {
		h.Do("SET", fmt.Sprintf("%d:k", i%100), strings.Repeat("v", 64*i))
		h.Do("SET", fmt.Sprintf("large:%d", i), strings.Repeat("v", 64*i))
		ks.Now += 200
		for ks.TickPrefixes() {
			ks.CountPrefixes(time.Now().Add(time.Millisecond))
		}
	}
	h.settled()
	tree, _ := ks.Prefixes()
	if tree.Moved == 0 {
		t.Error("no prefix had to give up its row")
	}
	if l := tree.Lookup([]byte("large:")); l.Keys != 1000 {
		t.Errorf("a thousand keys, and the tree knows %d and at most %d more", l.Keys, l.Miss.Keys)
	}
}

// TestPrefixSmall: what is large for a small store has counts of its own after a minute, although hardly any prefix asks for them.
func TestPrefixSmall(t *testing.T) {
	h := &prefixHistory{Session: commandtest.New(t, families...), rng: rand.New(rand.NewPCG(live.Seed(t), 2))}
	ks := h.Env.Keys
	ks.SetPrefixes(prefix.Split{Delim: ":", Depth: 1}, prefix.MinRows)
	for i := range 100 {
		h.Do("SET", fmt.Sprintf("%d:k", i), "v")
	}
	for i := range 100 {
		h.Do("SET", fmt.Sprintf("large:%d", i), "v")
	}
	for range 2 * 61 * 10 { // twice: the first count finds it, the second one makes it exact
		ks.Now += 100
		for ks.TickPrefixes() {
			ks.CountPrefixes(time.Now().Add(time.Millisecond))
		}
	}
	tree, _ := ks.Prefixes()
	if l := tree.Lookup([]byte("large:")); l.Keys != 100 || l.Miss != (prefix.Counts{}) {
		t.Errorf("a hundred keys, and the tree knows %d and at most %d more", l.Keys, l.Miss.Keys)
	}
	h.settled()
}
