package compat

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"granary/tests/live"
)

// Every history draws its own limits of the encodings, mostly small ones, so that values are converted all the time. The
// draw is the history's first commands; run sets the defaults before it, so that a shrunk history stands for itself.

// limit is a directive that bounds an encoding.
type limit struct {
	name  string
	usual string   // the default
	draw  []string // what histories choose from
	later bool     // redis-server 7.0 does not have it
}

var limits = []limit{
	{"hash-max-listpack-entries", "512", []string{"512", "128", "20", "8", "5", "2", "1", "0"}, false},
	{"hash-max-listpack-value", "64", []string{"64", "1000", "20", "5", "1", "0"}, false},
	{"set-max-intset-entries", "512", []string{"512", "64", "20", "8", "5", "2", "1", "0"}, false},
	{"set-max-listpack-entries", "128", []string{"128", "0", "0", "20", "8", "5", "1"}, true},
	{"set-max-listpack-value", "64", []string{"64", "64", "0", "5", "1000"}, true},
	{"zset-max-listpack-entries", "128", []string{"128", "64", "20", "8", "5", "2", "1", "0"}, false},
	{"zset-max-listpack-value", "64", []string{"64", "1000", "20", "5", "1", "0"}, false},
	{"list-max-listpack-size", "-2", []string{"-1", "-2", "-3", "-4", "-5", "-6", "0", "1", "2", "3", "5", "8", "20", "128"}, false},
	{"list-compress-depth", "0", []string{"0", "0", "1", "2", "3"}, false},
	{"stream-node-max-bytes", "4096", []string{"4096", "1000", "200", "32", "1", "0"}, false},
	{"stream-node-max-entries", "100", []string{"100", "20", "5", "2", "1", "0"}, false},
	{"hll-sparse-max-bytes", "3000", []string{"3000", "20000", "1000", "500", "100", "30", "0"}, false},
}

// usualLimits are the commands that set every limit to its default.
func usualLimits() []command {
	now, later := []string{"CONFIG", "SET"}, []string{"CONFIG", "SET"}
	for _, l := range limits {
		if l.later {
			later = append(later, l.name, l.usual)
		} else {
			now = append(now, l.name, l.usual)
		}
	}
	return []command{newCommand(exact, now...), newCommand(notRedis, later...)}
}

// drawLimits makes the commands that set the limits of a history.
func (g *generator) drawLimits() []command {
	now, later := []string{"CONFIG", "SET"}, []string{"CONFIG", "SET"}
	for _, l := range limits {
		v := l.draw[g.rng.IntN(len(l.draw))]
		if g.rng.IntN(4) == 0 {
			v = l.usual
		}
		if l.later {
			later = append(later, l.name, v)
		} else {
			now = append(now, l.name, v)
		}
	}
	return []command{newCommand(exact, now...), newCommand(notRedis, later...)}
}

// limitRows change a limit while there are values; only some histories have them. Not that of the bytes of a stream's node:
// when it is lowered, redis-server 7.0.15 may lose a node. XADD gives the node before the new one its exact size; if a large
// entry then grows the new node into the place that became free, XADD compares addresses, takes the node for one that has
// not moved, and the stream goes on using memory that was freed.
var limitRows = []row{{6, "CONFIG SET limit", exact}}

func init() {
	arguments["limit"] = func(g *generator) {
		for {
			if l := &limits[g.rng.IntN(len(limits))]; !l.later && l.name != "stream-node-max-bytes" {
				g.keyword(l.name)
				g.arg(l.draw[g.rng.IntN(len(l.draw))])
				return
			}
		}
	}
}

// facts is what a history has done so far that bears on encodings.
type facts struct {
	scanned  int
	lo, hi   map[string]int  // the least and the greatest value that a limit has had
	sorted   bool            // a SORT, which makes a sorted set a skip list in Redis
	crowd    map[string]int  // by type: the most elements that one command has named
	combined map[string]bool // by type: a set was made of others
	// A stream lost entries, or was told another count of them, or a group another place.
	shortened bool
	long      bool // ZADD named a member that is too long for a listpack, perhaps without adding it
	replaced  bool // LSET or LINSERT, which convert a list before they know whether they will succeed
	reclaimed bool // what is dead is freed all the time
}

func (f *facts) reset(reclaimed bool) {
	*f = facts{lo: map[string]int{}, hi: map[string]int{}, crowd: map[string]int{}, combined: map[string]bool{}, reclaimed: reclaimed}
	for _, l := range limits {
		n, _ := strconv.Atoi(l.usual)
		f.lo[l.name], f.hi[l.name] = n, n
	}
}

// learn reads the history up to the command at.
func (f *facts) learn(history []command, at int) {
	for ; f.scanned < min(at, len(history)); f.scanned++ {
		args := history[f.scanned].args()
		switch name := strings.ToUpper(args[0]); name {
		case "CONFIG":
			if is(args, "CONFIG", "SET") {
				f.limit(args[2:])
			}
		case "LSET", "LINSERT":
			f.replaced = true
		case "XDEL", "XTRIM", "XSETID", "XGROUP":
			f.shortened = true
		case "XADD":
			f.shortened = f.shortened || len(args) > 2 && slices.Contains([]string{"MAXLEN", "MINID", "NOMKSTREAM"}, strings.ToUpper(args[2]))
		case "SORT", "SORT_RO":
			f.sorted = true
		case "SADD":
			f.crowd["set"] = max(f.crowd["set"], len(args)-2)
		case "HSET", "HMSET":
			f.crowd["hash"] = max(f.crowd["hash"], (len(args)-2)/2)
		case "ZADD":
			f.crowd["zset"] = max(f.crowd["zset"], (len(args)-2)/2)
			for _, a := range args {
				f.long = f.long || len(a) > f.lo["zset-max-listpack-value"]
			}
		case "GEOADD":
			f.crowd["zset"] = max(f.crowd["zset"], (len(args)-2)/3)
		case "SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE":
			f.combined["set"] = true
		case "ZRANGESTORE", "ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE", "GEOSEARCHSTORE", "GEORADIUS", "GEORADIUSBYMEMBER":
			f.combined["zset"] = true
		}
	}
}

func (f *facts) limit(pairs []string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		n, err := strconv.Atoi(pairs[i+1])
		name := strings.ToLower(pairs[i])
		if _, ok := f.lo[name]; !ok || err != nil {
			continue
		}
		if f.scanned < len(usualLimits()) {
			f.lo[name], f.hi[name] = n, n
		} else {
			f.lo[name], f.hi[name] = min(f.lo[name], n), max(f.hi[name], n)
		}
	}
}

// laterEncoding is a way in which encodings differ from those of redis-server 7.0.
type laterEncoding struct {
	typ            string
	redis, granary string
	reason         string
	when           func(f *facts) bool // what must have happened; nil: nothing
}

// laterEncodings are all of them. With -newer a server of a later version has to agree, too.
var laterEncodings = []laterEncoding{
	{"list", "quicklist", "listpack", "lists are listpacks while they are small since Redis 7.2", nil},
	{
		"set", "hashtable", "listpack", "small sets are listpacks since Redis 7.2",
		func(f *facts) bool { return f.hi["set-max-listpack-entries"] > 0 },
	},
	{"set", "intset", "listpack", "what a set is made as depends on how many members a command names, or on the sets it combines, since Redis 7.2", setMadeAtOnce},
	{"set", "intset", "hashtable", "as above", setMadeAtOnce},
	{
		"hash", "listpack", "hashtable", "HSET of more fields than a listpack may have makes a table, even if some are alike, since Redis 7.2",
		func(f *facts) bool { return f.crowd["hash"] > f.lo["hash-max-listpack-entries"] },
	},
	{
		"zset", "listpack", "skiplist", "ZADD of more members than a listpack may have makes a skip list, even if some are alike, since Redis 7.2",
		func(f *facts) bool { return f.crowd["zset"] > f.lo["zset-max-listpack-entries"] || f.combined["zset"] },
	},
	{
		"zset", "skiplist", "listpack", "SORT makes a sorted set a large one in Redis; Granary only reads it",
		func(f *facts) bool { return f.sorted },
	},
}

func setMadeAtOnce(f *facts) bool {
	return f.crowd["set"] > f.lo["set-max-intset-entries"] || f.combined["set"]
}

// explainEncoding reports whether two different answers of OBJECT ENCODING, for a key of this type, are as they should be.
func explainEncoding(typ string, redis, granary live.Reply, f *facts) bool {
	if redis.Kind != '$' || granary.Kind != '$' {
		return false
	}
	for _, l := range laterEncodings {
		if l.typ == typ && l.redis == redis.Str && l.granary == granary.Str {
			return l.when == nil || l.when(f)
		}
	}
	return false
}

// newerEncoding compares with the answer of a later version, whose rules for collections are Granary's.
func newerEncoding(typ string, newer, granary live.Reply, f *facts) bool {
	if typ == "string" || typ == "stream" || typ == "none" || newer.Str == granary.Str {
		return true // strings are embedded up to another length in some versions
	}
	return granary.Str == "listpack" &&
		(typ == "zset" && (f.sorted || f.long) && newer.Str == "skiplist" || // SORT; Valkey looks at members that ZADD XX will not add
			typ == "list" && f.replaced && newer.Str == "quicklist") // LSET or LINSERT that failed
}

// checkSmall reports what is wrong with a small encoding that redis-server 7.0 does not have: a value beyond the limits.
func checkSmall(typ, encoding string, value live.Reply, f *facts) error {
	if encoding != "listpack" || typ != "set" && typ != "list" {
		return nil
	}
	n, longest, sum := len(value.Elems), 0, 0
	for _, e := range value.Elems {
		if _, err := strconv.ParseInt(e.Str, 10, 64); err != nil {
			longest, sum = max(longest, len(e.Str)), sum+len(e.Str)
		}
	}
	if typ == "set" {
		if n > f.hi["set-max-listpack-entries"] || longest > f.hi["set-max-listpack-value"] {
			return fmt.Errorf("a listpack of %d members, the longest of %d bytes, with limits of %d and %d", n, longest,
				f.hi["set-max-listpack-entries"], f.hi["set-max-listpack-value"])
		}
		return nil
	}
	lo, hi := f.lo["list-max-listpack-size"], f.hi["list-max-listpack-size"]
	switch {
	case lo >= 0 && n > max(hi, 1):
		return fmt.Errorf("a listpack of %d elements with a limit of %d", n, hi)
	case sum > 64<<10:
		return fmt.Errorf("a listpack of more than %d bytes", sum)
	case hi < 0 && sum > []int{0, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10}[min(-lo, 5)]:
		return fmt.Errorf("a listpack of more than %d bytes with a limit of %d", sum, lo)
	}
	return nil
}
