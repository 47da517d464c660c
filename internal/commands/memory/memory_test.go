package memory

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"granary/internal/command"
	"granary/internal/command/commandtest"
	"granary/internal/ledger"
	"granary/internal/mem"
	"granary/internal/object"
)

type checker struct{ *commandtest.Session }

func (c checker) is(line, want string) {
	c.T.Helper()
	c.Is(want, strings.Fields(line)...)
}

func start(t *testing.T) checker { return checker{commandtest.New(t, Register)} }

// set stores a string in the client's database.
func (c checker) set(key, val string, expiry int64) {
	it := c.Client.DB.Write([]byte(key))
	it.SetString([]byte(val), expiry)
	it.Settle()
}

// audited returns the differences that MEMORY AUDIT finds, and fails the test if the reply has another shape.
func (c checker) audited() (difference, keys int64) {
	c.T.Helper()
	if _, err := fmt.Sscanf(c.Do("memory", "audit"), "*10\r\n$4\r\nkeys\r\n:%d\r\n$14\r\nuncounted.keys\r\n:0\r\n$10\r\ndifference\r\n:%d\r\n", &keys, &difference); err != nil {
		c.T.Errorf("MEMORY AUDIT: %v", err)
	}
	return difference, keys
}

func TestUsage(t *testing.T) {
	c := start(t)
	c.is("memory usage k", "$-1")
	c.is("memory usage k samples", "-ERR syntax error")
	c.is("memory usage k sample 1", "-ERR syntax error")
	c.is("memory usage k samples x", "-ERR value is not an integer or out of range")
	c.is("memory usage k samples -1", "-ERR syntax error")
	cost := func(entry, beside int) string {
		own := mem.Usable(entry)
		if beside > 0 {
			own += mem.Usable(beside)
		}
		return fmt.Sprintf(":%d", int64(own)+tableShare(c.Client.DB))
	}
	c.set("k", "value", 0) // header 6, key 1, length 1, value 5
	c.is("memory usage k", cost(13, 0))
	c.is("memory usage k samples 0", cost(13, 0))
	c.set("n", "100", 0) // a number of one byte
	c.is("memory usage n samples 10", cost(8, 0))
	c.set("t", "value", c.Env.Keys.Now+1e6) // and six bytes of expiry
	c.is("memory usage t", cost(19, 0))
	c.set("big", strings.Repeat("x", 1000), 0) // a reference, and a block
	c.is("memory usage big", cost(14, object.RawHead+1000))
}

// TestUsageSum adds up MEMORY USAGE over all keys: it is what the database costs, but for rounding.
func TestUsageSum(t *testing.T) {
	c := start(t)
	rng := rand.New(rand.NewPCG(3, 4))
	const n = 2000
	for i := range n {
		c.set(fmt.Sprintf("key:%d", i), strings.Repeat("v", rng.IntN(300)), 0)
	}
	sum := int64(0)
	for i := range n {
		var v int64
		fmt.Sscanf(c.Do("memory", "usage", fmt.Sprintf("key:%d", i)), ":%d", &v)
		sum += v
	}
	b := c.Env.Keys.Arena.Books()
	if all := b.Keyspace().Usable; sum < all-n || sum > all+n {
		t.Errorf("the keys add up to %d, the books say %d", sum, all)
	}
}

// TestAudit holds the books against the data after random histories, and sees what is wrong with them.
func TestAudit(t *testing.T) {
	c := start(t)
	// What other tests of this process left in the books is nobody's here.
	left, keys := c.audited()
	if keys != 0 {
		t.Errorf("empty: %d keys", keys)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		for range 300 {
			c.Client.Select(c.Env.Keys.DBs[rng.IntN(3)])
			key := fmt.Sprintf("key:%d", rng.IntN(500))
			switch rng.IntN(4) {
			case 0:
				if it := c.Client.DB.Write([]byte(key)); it.Exists() {
					it.Delete()
				}
			case 1:
				c.set(key, fmt.Sprint(rng.IntN(1e9)), 0)
			case 2:
				c.set(key, strings.Repeat("v", rng.IntN(5000)), c.Env.Keys.Now+rng.Int64N(1e6))
			case 3:
				c.set(key, strings.Repeat("v", rng.IntN(60)), 0)
			}
		}
		if d, _ := c.audited(); d != left {
			t.Fatalf("difference %d:\n%s", d, commandtest.Show(c.Do("memory", "audit")))
		}
	}
	r := c.Env.Keys.Arena.Alloc(100, mem.PurposeSlowlog) // lost
	if d, _ := c.audited(); d != left+int64(mem.Usable(100)) {
		t.Errorf("a block that nobody has makes a difference of %d", d)
	}
	c.Env.Keys.Arena.Free(r, 100, mem.PurposeSlowlog)
	c.Client.DB.Flush(true)
	if d, _ := c.audited(); d != left {
		t.Errorf("difference %d after a flush that is still going on", d)
	}
}

// TestReport holds for every report: used_memory is the data and everything else, and nothing is negative.
func TestReport(t *testing.T) {
	c := start(t)
	for i := range 1000 {
		c.set(fmt.Sprintf("key:%d", i), strings.Repeat("v", i), 0)
		if i%100 != 0 {
			continue
		}
		r := c.Env.ReadMemory()
		if r.Used != r.Dataset+r.Overhead || r.Used != mem.Used() || r.Peak.Used < r.Used || r.Dataset < 0 || r.Overhead < r.Tables {
			t.Errorf("used %d, peak %d, dataset %d, overhead %d, tables %d", r.Used, r.Peak.Used, r.Dataset, r.Overhead, r.Tables)
		}
		if r.Active() < r.Allocated() || r.AllocatorResident() < r.Active() || r.Keys != int64(i+1) {
			t.Errorf("allocated %d, active %d, resident %d, keys %d", r.Allocated(), r.Active(), r.AllocatorResident(), r.Keys)
		}
	}
}

// statsKeys are the keys of MEMORY STATS in Redis 8.0, those of the databases left out.
const statsKeys = `peak.allocated total.allocated startup.allocated replication.backlog replica.fullsync.buffer clients.slaves
	clients.normal cluster.links aof.buffer lua.caches functions.caches script.VMs overhead.db.hashtable.lut
	overhead.db.hashtable.rehashing overhead.total db.dict.rehashing.count keys.count keys.bytes-per-key dataset.bytes
	dataset.percentage peak.percentage allocator.allocated allocator.active allocator.resident allocator.muzzy
	allocator-fragmentation.ratio allocator-fragmentation.bytes allocator-rss.ratio allocator-rss.bytes rss-overhead.ratio
	rss-overhead.bytes fragmentation fragmentation.bytes`

func TestStats(t *testing.T) {
	c := start(t)
	c.Client.Select(c.Env.Keys.DBs[2])
	c.set("k", "v", 0)
	for _, proto := range []uint8{2, 3} {
		c.Proto(proto)
		got := commandtest.Show(c.Do("memory", "stats"))
		for _, k := range strings.Fields(statsKeys) {
			if !strings.Contains(got, " "+k+" ") {
				t.Errorf("%s is missing in %s", k, got)
			}
		}
		if !strings.Contains(got, " db.2 ") || strings.Contains(got, " db.0 ") || !strings.Contains(got, " keys.count :1 ") {
			t.Errorf("databases and keys in %s", got)
		}
	}
}

func TestWords(t *testing.T) {
	c := start(t)
	c.Env.Keys.NoPrefixes() // whose rows are not little
	c.is("memory purge", "+OK")
	c.is("memory", "-ERR wrong number of arguments for 'memory' command")
	c.is("memory nosuch", "-ERR unknown subcommand 'nosuch'. Try MEMORY HELP.")
	has := func(line, want string) {
		t.Helper()
		if got := c.Do(strings.Fields(line)...); !strings.Contains(got, want) {
			t.Errorf("%s: %q is not in %q", line, want, got)
		}
	}
	has("memory help", "AUDIT")
	has("memory doctor", "too little to say anything about")
	c.set("k", strings.Repeat("v", 20<<20), 0)
	has("memory malloc-stats", "string")
	has("memory malloc-stats", "size class")
	has("memory doctor", "data ")
	c.Env.Config.MaxMemory = 21 << 20
	has("memory doctor", "Limit:")
	it := c.Client.DB.Write([]byte("k"))
	it.Delete()
	c.set("k", strings.Repeat("v", 6<<20), 0)
	has("memory doctor", "Peak:")
}

// TestDoctorFindings sees that every finding can be made, and says something.
func TestDoctorFindings(t *testing.T) {
	c := start(t)
	bad := command.MemoryReport{Used: 100 << 20, Clients: 1 << 30}
	bad.Peak.Used = 1 << 30
	bad.Scripts = 50 << 20
	bad.Ledger.RSS, bad.Ledger.Unexplained, bad.Ledger.Untouched = 90<<20, 20<<20, 10<<20
	bad.Ledger.Cgroup, bad.Ledger.CgroupLimit = 99<<20, 100<<20
	bad.Ledger.Lines[ledger.LineSlabs], bad.Ledger.Lines[ledger.LineDirty] = 100<<20, 200<<20
	bad.Ledger.Lines[ledger.LineGoObjects] = 100 << 20
	c.Env.Config.MaxMemory = 100 << 20
	c.Env.Clients.Add(c.Client)
	text := diagnose(&bad, c.Env)
	for _, want := range []string{
		"Peak:", "Fragmentation:", "Free pages:", "Process:", "Client buffers:", "Limit:",
		"Not in RAM:", "Scripts:", "Container:", "Unexplained:",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said in %q", want, text)
		}
	}
	good := command.MemoryReport{Used: 100 << 20}
	good.Peak.Used = 100 << 20
	good.Ledger.RSS, good.Ledger.Lines[ledger.LineSlabs], good.Ledger.Lines[ledger.LineDirty] = 110<<20, 1<<20, 1<<20
	c.Env.Config.MaxMemory = 0
	if text := diagnose(&good, c.Env); !strings.Contains(text, "No memory problem found") {
		t.Errorf("a healthy server hears %q", text)
	}
}

// TestLedgerReply holds the sums of MEMORY LEDGER against its lines, in JSON, and sees that the map has the same keys.
func TestLedgerReply(t *testing.T) {
	c := start(t)
	c.set("k", strings.Repeat("v", 1000), 0)
	reply := c.Do("memory", "ledger", "json")
	_, text, _ := strings.Cut(reply, "\r\n")
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	number := func(v any) int64 { f, _ := v.(float64); return int64(f) }
	total := int64(0)
	for h := range ledger.NumHeadings {
		lines, _ := doc[ledger.Heading(h).String()].(map[string]any)
		sum := int64(0)
		for name, v := range lines {
			if number(v) < 0 {
				t.Errorf("%s is %d", name, number(v))
			}
			if name != "total" {
				sum += number(v)
			}
		}
		if lines == nil || sum != number(lines["total"]) {
			t.Errorf("the lines of %s add up to %d, and the total is %v", ledger.Heading(h), sum, lines["total"])
		}
		total += sum
	}
	if total != number(doc["total"]) || number(doc["rss"]) != total+number(doc["unexplained"]) {
		t.Errorf("total %d: %s", total, text)
	}
	for _, proto := range []uint8{2, 3} {
		c.Proto(proto)
		got := commandtest.Show(c.Do("memory", "ledger"))
		for name := range doc {
			if !strings.Contains(got, " "+name+" ") {
				t.Errorf("RESP%d: %s is missing in %s", proto, name, got)
			}
		}
	}
	c.is("memory ledger xml", "-ERR syntax error")
	c.is("memory ledger json json", "-ERR syntax error")
}
