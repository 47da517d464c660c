package server

import (
	"slices"
	"sort"
	"strings"
	"testing"

	"granary/internal/command/commandtest"
	"granary/tests/live"
)

// Where COMMAND INFO or COMMAND DOCS of a command (or subcommand) is not what redis-server 7.0 answers, with the reason.
// A row that is not needed any more fails the test.
var tableDifferences = map[string]string{
	"acl|log":  "the history has an entry of Redis 7.2",
	"hscan":    "NOVALUES is Redis 7.4",
	"wait":     "flags of Redis 7.2: scripts may call it",
	"zrank":    "WITHSCORE is Redis 7.2",
	"zrevrank": "WITHSCORE is Redis 7.2",
}

// ours are commands and subcommands that redis-server 7.0 does not have.
var ours = map[string]string{
	"client|no-touch": "Redis 7.2",
	"client|setinfo":  "Redis 7.2",
	"hexpire":         "Redis 7.4",
	"hexpireat":       "Redis 7.4",
	"hexpiretime":     "Redis 7.4",
	"hgetdel":         "Redis 8.0",
	"hgetex":          "Redis 8.0",
	"hpersist":        "Redis 7.4",
	"hpexpire":        "Redis 7.4",
	"hpexpireat":      "Redis 7.4",
	"hpexpiretime":    "Redis 7.4",
	"hpttl":           "Redis 7.4",
	"hsetex":          "Redis 8.0",
	"httl":            "Redis 7.4",
	"waitaof":         "Redis 7.2",
	"memory|audit":    "Granary's own",
	"memory|classes":  "Granary's own",
	"memory|dead":     "Granary's own",
	"memory|explain":  "Granary's own",
	"memory|history":  "Granary's own",
	"memory|ledger":   "Granary's own",
	"memory|map":      "Granary's own",
	"memory|release":  "Granary's own",
	"memory|owners":   "Granary's own",
	"memory|prefixes": "Granary's own",
	"memory|journal":  "Granary's own",
}

// missing are subcommands of ours' containers that are not part of Granary yet, or never will be.
var missing = map[string]string{}

// TestCommandTable compares what COMMAND INFO and COMMAND DOCS say of every command, in both protocols, with a real
// server. Summaries and histories are our own words: only that they exist is compared.
func TestCommandTable(t *testing.T) {
	redis := live.NeedStart(t, "redis", live.NeedRedis(t))
	conn, err := redis.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s := commandtest.New(t, families...)
	used := map[string]bool{}
	for _, proto := range []string{"2", "3"} {
		if _, err := conn.Do("HELLO", proto); err != nil {
			t.Fatal(err)
		}
		s.Proto(proto[0] - '0')
		for _, spec := range s.Env.Table.All() {
			for _, what := range []string{"INFO", "DOCS"} {
				want, err := conn.Do("COMMAND", what, spec.Name)
				if err != nil {
					t.Fatal(err)
				}
				got, err := live.Parse([]byte(s.Do("COMMAND", what, spec.Name)))
				if err != nil {
					t.Fatal(err)
				}
				if what == "INFO" && want.Elems[0].Null || what == "DOCS" && len(want.Elems) == 0 {
					if ours[spec.Name] == "" {
						t.Errorf("%s: redis-server does not have it", spec.Name)
					}
					used[spec.Name] = true
					continue
				}
				compareCommand(t, used, what, spec.Name, got, want)
			}
		}
	}
	for _, table := range []map[string]string{tableDifferences, ours, missing} {
		for name := range table {
			if !used[name] {
				t.Errorf("the row of %s is not needed", name)
			}
		}
	}
}

// compareCommand compares a command and, one by one, its subcommands.
func compareCommand(t *testing.T, used map[string]bool, what, name string, got, want live.Reply) {
	t.Helper()
	parts := [2]map[string]live.Reply{{}, {}}
	for i, r := range []live.Reply{got, want} {
		if what == "INFO" {
			splitInfo(r.Elems[0], parts[i])
		} else {
			splitDocs(r, parts[i])
		}
	}
	for sub, r := range parts[0] {
		w, ok := parts[1][sub]
		if !ok {
			used[sub] = true
			if ours[sub] == "" {
				t.Errorf("%s: redis-server does not have it", sub)
			}
			continue
		}
		if g, w := r.String(), w.String(); g != w {
			used[sub] = true
			if tableDifferences[sub] == "" {
				t.Errorf("COMMAND %s %s differs:\n%s", what, sub, firstDifference(g, w))
			}
		}
	}
	for sub := range parts[1] {
		if _, ok := parts[0][sub]; !ok {
			used[sub] = true
			if missing[sub] == "" {
				t.Errorf("%s is missing", sub)
			}
		}
	}
}

// splitInfo takes a row of COMMAND INFO apart: the command without its subcommands, and those.
func splitInfo(r live.Reply, into map[string]live.Reply) {
	for _, sub := range r.Elems[9].Elems {
		splitInfo(sub, into)
	}
	own := r
	own.Elems = slices.Clone(r.Elems)
	for _, i := range []int{2, 6} { // sets of words
		own.Elems[i] = own.Elems[i].Sorted()
	}
	own.Elems[9].Elems = nil
	into[r.Elems[0].Str] = own
}

// splitDocs takes COMMAND DOCS apart. Texts that are our own words become empty.
func splitDocs(r live.Reply, into map[string]live.Reply) {
	for i := 0; i < len(r.Elems); i += 2 {
		doc := r.Elems[i+1]
		doc.Elems = slices.Clone(doc.Elems)
		for k := 0; k < len(doc.Elems); k += 2 {
			switch v := &doc.Elems[k+1]; doc.Elems[k].Str {
			case "summary":
				v.Str = ""
			case "history":
				v.Elems = slices.Clone(v.Elems)
				for h := range v.Elems {
					v.Elems[h].Elems = v.Elems[h].Elems[:1]
				}
			case "subcommands":
				splitDocs(*v, into)
				v.Elems = nil
			case "replaced_by":
				v.Str = ""
			}
		}
		into[r.Elems[i].Str] = doc
	}
}

// firstDifference shows two texts around the first line in which they differ.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	i := sort.Search(min(len(g), len(w)), func(n int) bool { return !slices.Equal(g[:n+1], w[:n+1]) })
	from := max(0, i-3)
	return "got:\n" + strings.Join(g[from:min(len(g), i+4)], "\n") + "\nwant:\n" + strings.Join(w[from:min(len(w), i+4)], "\n")
}

// TestGetKeys compares COMMAND GETKEYS and GETKEYSANDFLAGS with a real server.
func TestGetKeys(t *testing.T) {
	redis := live.NeedStart(t, "redis", live.NeedRedis(t))
	conn, err := redis.Dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s := commandtest.New(t, families...)
	is := func(line string) {
		t.Helper()
		for _, sub := range []string{"GETKEYS", "GETKEYSANDFLAGS"} {
			args := append([]string{"COMMAND", sub}, strings.Fields(line)...)
			want, err := conn.Do(args...)
			if err != nil {
				t.Fatal(err)
			}
			got, err := live.Parse([]byte(s.Do(args...)))
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != want.String() {
				t.Errorf("%s of %q: got\n%swant\n%s", sub, line, got, want)
			}
		}
	}
	is("ping x")
	is("get a")
	is("get a b")
	is("mset a 1 b 2")
	is("mset a 1 b")
	is("set a b")
	is("set a b get")
	is("set a get")
	is("getex a ex 10")
	is("rename a b")
	is("copy a b")
	is("lcs a b")
	is("object encoding a")
	is("object nosuch a")
	is("memory usage a")
	is("del a b c")
	is("bitop and d a b c")
	is("bitfield a get u8 0")
	is("bitfield a get u8 0 set u8 0 1")
	is("bitfield a overflow sat get u8 0")
	is("bitfield a")
	is("bitfield_ro a get u8 0")
	is("sintercard 2 a b limit 3")
	is("sintercard 3 a b")
	is("sinterstore a b c")
	is("smove a b c")
	is("sort a")
	is("sort a by x get y store z")
	is("sort a store z get store")
	is("sort_ro a by x")
	is("zunionstore d 2 a b weights 1 2")
	is("zunion 2 a b")
	is("zmpop 2 a b min")
	is("zrangestore d a 0 1")
	is("georadius a 1 1 1 m store b storedist c")
	is("georadius a 1 1 1 m store")
	is("georadiusbymember a b 1 m store c")
	is("geosearchstore a b frommember x bybox 1 1 m")
	is("zintercard 3 a b")
	is("client list a")
	is("nosuch a b")
}
