package listpack

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"granary/tests/live"
)

// RDB types of the values compared here.
const (
	hashZipmap   = 9
	listZiplist  = 10
	zsetZiplist  = 12
	hashZiplist  = 13
	hashListpack = 16
	zsetListpack = 17
	listNodes    = 18
)

// redis is a connection to a real redis-server that keeps everything in listpacks and dumps them as they are.
type redis struct {
	testing.TB
	c *live.Conn
}

func startRedis(t testing.TB) redis {
	path := live.NeedRedis(t)
	s := live.NeedStart(t, "redis", path, "--rdbcompression", "no", "--hash-max-listpack-entries", "1000000",
		"--hash-max-listpack-value", "10000000", "--zset-max-listpack-entries", "1000000", "--zset-max-listpack-value", "1000000",
		"--list-max-listpack-size", "-5", "--sanitize-dump-payload", "yes")
	c, err := s.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return redis{t, c}
}

// do runs a command that has to succeed.
func (r redis) do(args ...string) live.Reply {
	r.Helper()
	reply, err := r.c.Do(args...)
	if err != nil || reply.Kind == '-' {
		r.Fatalf("%.200q: %v %s", args, err, reply.Str)
	}
	return reply
}

// listpack returns the listpack that key is kept in.
func (r redis) listpack(key string, want byte) Listpack {
	r.Helper()
	kind, value, err := live.SplitDump(r.do("DUMP", key).Str)
	if err != nil || kind != want {
		r.Fatalf("type %d, want %d: %v", kind, want, err)
	}
	if kind == listNodes { // one packed node
		if !strings.HasPrefix(value, "\x01\x02") {
			r.Fatalf("nodes % x", value[:2])
		}
		value = value[2:]
	}
	s, rest, err := live.CutDumpString(value)
	if err != nil || rest != "" {
		r.Fatalf("%d bytes behind the listpack: %v", len(rest), err)
	}
	return Listpack(s)
}

// nodeText draws a text of which hundreds fit into one node of a list, 64 KiB.
func nodeText(r *rand.Rand) string {
	s := randomText(r)
	return s[:min(len(s), 150)]
}

// same demands equal bytes.
func (r redis) same(what string, got, want Listpack) {
	r.Helper()
	if string(got) != string(want) {
		r.Fatalf("%s:\ngot   % x\nredis % x", what, head(got), head(want))
	}
	if err := want.Check(); err != nil {
		r.Fatalf("%s: of redis: %v", what, err)
	}
}

// TestLiveHash has the same history of a hash here and there.
func TestLiveHash(t *testing.T) {
	r, rnd := startRedis(t), newRand(t)
	for range 10 {
		r.do("DEL", "h")
		lp := build()
		for range 150 {
			f, v := randomText(rnd), randomText(rnd)
			p := lp.Find(lp.First(), Of([]byte(f)), 1)
			switch {
			case rnd.IntN(3) > 0:
				r.do("HSET", "h", f, v)
				e := Of([]byte(v))
				if p != 0 {
					p = lp.Next(p)
					lp = grow(lp, lp.ReplaceDelta(p, e)).Replace(p, e)
				} else {
					k := Of([]byte(f))
					lp = grow(lp, BatchSize(k, e)).BatchInsert(lp.End(), k, e)
				}
			case p != 0:
				r.do("HDEL", "h", f)
				lp, _ = lp.DeleteRange(p, 2)
			}
		}
		if !lp.Empty() {
			r.same("hash", lp, r.listpack("h", hashListpack))
		}
	}
}

// TestLiveList has the same history of a list of one node.
func TestLiveList(t *testing.T) {
	r, rnd := startRedis(t), newRand(t)
	for range 10 {
		r.do("DEL", "l")
		lp := build()
		for range 150 {
			s := nodeText(rnd)
			e := Of([]byte(s))
			op := rnd.IntN(7)
			if lp.Empty() {
				op %= 2
			}
			i := 0
			if n := lp.Len(); n > 0 {
				i = rnd.IntN(n)
			}
			p := lp.Seek(i)
			switch op {
			case 0:
				r.do("RPUSH", "l", s)
				lp = grow(lp, e.Size()).Append(e)
			case 1:
				r.do("LPUSH", "l", s)
				lp = grow(lp, e.Size()).Prepend(e)
			case 2, 3:
				pivot := string(lp.AppendAt(nil, p))
				p = lp.Find(lp.First(), Of([]byte(pivot)), 0)
				r.do("LINSERT", "l", []string{"BEFORE", "AFTER"}[op-2], pivot, s)
				if op == 2 {
					lp = grow(lp, e.Size()).Insert(p, e)
				} else {
					lp = grow(lp, e.Size()).InsertAfter(p, e)
				}
			case 4:
				r.do("LSET", "l", strconv.Itoa(i), s)
				lp = grow(lp, lp.ReplaceDelta(p, e)).Replace(p, e)
			case 5:
				victim := string(lp.AppendAt(nil, p))
				r.do("LREM", "l", "1", victim)
				lp, _ = lp.Delete(lp.Find(lp.First(), Of([]byte(victim)), 0))
			case 6:
				if lp.Len() > 60 {
					r.do("LTRIM", "l", "3", "-4")
					lp, _ = lp.DeleteRange(lp.First(), 3)
					lp, _ = lp.DeleteRange(lp.Seek(-3), 3)
				}
			}
		}
		if !lp.Empty() {
			r.same("list", lp, r.listpack("l", listNodes))
		}
	}
}

// TestLiveLengths compares elements at the bounds of the encodings and backlens.
func TestLiveLengths(t *testing.T) {
	r := startRedis(t)
	for _, n := range []int{0, 1, 62, 63, 64, 124, 125, 126, 127, 128, 4094, 4095, 4096, 16376, 16377, 16378, 16379, 16380, 2097144, 2097145, 2097146, 2097147} {
		all := []string{"a", strings.Repeat("x", n), "b"}
		r.do("DEL", "h")
		r.do("HSET", "h", all[0], all[1], all[2], "")
		r.same(strconv.Itoa(n), build(append(all, "")...), r.listpack("h", hashListpack))
	}
	var all []string
	for bits := range 64 {
		for d := int64(-2); d <= 2; d++ {
			all = append(all, strconv.FormatInt(1<<bits+d, 10), strconv.FormatInt(-1<<bits+d, 10))
		}
	}
	all = append(all, "-0", "00", "+1", "1.0", " 1", "9223372036854775808", "-9223372036854775809", "99999999999999999999", "-")
	r.do(append([]string{"RPUSH", "l"}, all...)...)
	r.same("integers", build(all...), r.listpack("l", listNodes))
}

// TestLiveZset compares sorted sets, whose scores are texts too.
func TestLiveZset(t *testing.T) {
	r, rnd := startRedis(t), newRand(t)
	scores := map[string]int{}
	for range 200 {
		m, s := randomText(rnd), rnd.IntN(40)-20
		scores[m] = s
		r.do("ZADD", "z", strconv.Itoa(s), m)
	}
	var members []string
	for m := range scores {
		members = append(members, m)
	}
	slices.SortFunc(members, func(a, b string) int {
		if scores[a] != scores[b] {
			return scores[a] - scores[b]
		}
		return strings.Compare(a, b)
	})
	lp := build()
	for _, m := range members {
		e, s := Of([]byte(m)), Int(int64(scores[m]))
		lp = grow(lp, BatchSize(e, s)).BatchInsert(lp.End(), e, s)
	}
	r.same("zset", lp, r.listpack("z", zsetListpack))
}

// TestLiveConvert gives old encodings to redis and compares what it makes of them.
func TestLiveConvert(t *testing.T) {
	r, rnd := startRedis(t), newRand(t)
	restore := func(kind byte, b []byte) {
		t.Helper()
		r.do("RESTORE", "k", "0", live.MakeDump(kind, live.DumpString(string(b))), "REPLACE")
	}
	for range 40 {
		var all, pairs []string
		for i := range 1 + rnd.IntN(30) {
			all = append(all, nodeText(rnd))
			pairs = append(pairs, "f"+strconv.Itoa(i)+randomText(rnd), randomText(rnd))
		}
		zl := ziplistOf(pairs)
		restore(hashZiplist, zl)
		r.same("ziplist", convert(t, zl, ZiplistSize, FromZiplist), r.listpack("k", hashListpack))
		zl = ziplistOf(all)
		restore(listZiplist, zl)
		r.same("list", convert(t, zl, ZiplistSize, FromZiplist), r.listpack("k", listNodes))
		zm := zipmapOf(pairs)
		restore(hashZipmap, zm)
		r.same("zipmap", convert(t, zm, ZipmapSize, FromZipmap), r.listpack("k", hashListpack))
	}
	zl := ziplistOf([]string{"a", "-1", "b", "1.5", "c", "70000"})
	restore(zsetZiplist, zl)
	r.same("zset", convert(t, zl, ZiplistSize, FromZiplist), r.listpack("k", zsetListpack))
}

// TestLiveCorruptions gives corrupted bytes to redis and demands the same verdict. Of hashes it wants pairs of
// different fields as well.
func TestLiveCorruptions(t *testing.T) {
	r, rnd := startRedis(t), newRand(t)
	valid := map[byte]int{}
	try := func(kind byte, b []byte, ours error) {
		t.Helper()
		value := live.DumpString(string(b))
		if kind == listNodes {
			value = "\x01\x02" + value
		}
		reply, err := r.c.Do("RESTORE", "k", "0", live.MakeDump(kind, value), "REPLACE")
		if err != nil {
			t.Fatalf("type %d, % x: %v", kind, head(b), err)
		}
		// redis accepts a length backwards that is right only thanks to what lies before its entry, and reads on there.
		stricter := ours != nil && strings.Contains(ours.Error(), "length backwards is wrong")
		if (ours == nil) != (reply.Kind == '+') && !stricter {
			t.Errorf("type %d, % x:\ngot   %v\nredis %s", kind, head(b), ours, reply.Str)
		}
		if ours == nil {
			valid[kind]++
		}
	}
	for range 60 {
		var all []string
		for range 1 + rnd.IntN(12) {
			all = append(all, randomText(rnd))
		}
		for range 40 {
			lp := repair(rnd, corruptions(rnd, build(all...)))
			err := Validate(lp, nil)
			if err == nil && Listpack(lp).Empty() {
				continue // redis refuses to make an empty key
			}
			try(listNodes, lp, err)
			if err == nil && (Listpack(lp).Len()%2 != 0 || !Listpack(lp).Unique(2)) {
				err = corrupt(0, "not a hash")
			}
			try(hashListpack, lp, err)
			zl := repair(rnd, corruptions(rnd, ziplistOf(all)))
			n, err := ZiplistSize(zl)
			if err == nil && n == EmptySize {
				continue
			}
			try(listZiplist, zl, err)
		}
	}
	t.Logf("%v are valid", valid)
}

// repair writes a right total and end mark into most of the corrupted bytes, so that more than these is looked at.
func repair(r *rand.Rand, b []byte) []byte {
	if len(b) >= 4 && r.IntN(8) > 0 {
		b[0], b[1], b[2], b[3], b[len(b)-1] = byte(len(b)), byte(len(b)>>8), byte(len(b)>>16), 0, end
	}
	return b
}
