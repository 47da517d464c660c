package main

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"granary/tests/live"
)

// TestRequests compares what is made here with what the other tests send.
func TestRequests(t *testing.T) {
	check := func(got []byte, words ...string) {
		t.Helper()
		if want := live.AppendCommand(nil, words...); string(got) != string(want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	check(hashes("f:", 5, 2).request(nil, "k", 9, 2), "HSET", "k", "f:009", "09", "f:010", "10")
	check(sets("m", 3).request(nil, "k", 0, 2), "SADD", "k", "m00", "m01")
	check(sets("m", 3).from(7).request(nil, "k", 1, 1), "SADD", "k", "m08")
	check(zsets("m", 2, inOrder).request(nil, "k", 3, 1), "ZADD", "k", "3", "m3")
	check(lists("1", 3).request(nil, "k", 4, 1), "RPUSH", "k", "104")
	check(same("xxx").request(nil, "k", 4, 2), "RPUSH", "k", "xxx", "xxx")
	check(streams().request(nil, "k", 12, 1), "XADD", "k", "*", "field", "0000012")
}

// TestScattered: every score once.
func TestScattered(t *testing.T) {
	for _, n := range []int{10_000, 1_000_000} {
		score, seen := scattered(n), make([]bool, n)
		for i := range n {
			s := score(i)
			if seen[s] {
				t.Fatalf("%d twice of %d", s, n)
			}
			seen[s] = true
		}
	}
}

// TestMedianRange: the median of what is drawn from is in the range at least 19 times of 20, however lopsided that is.
func TestMedianRange(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{6, 15, 60} {
		const draws = 4000
		within := 0
		for range draws {
			v := make([]float64, n)
			for i := range v {
				v[i] = r.ExpFloat64()
			}
			if low, high := medianRange(v); low <= math.Ln2 && math.Ln2 <= high {
				within++
			}
		}
		if share := float64(within) / draws; share < 0.94 || share > 0.995 {
			t.Errorf("of %d values the range has the median %.3f of the time", n, share)
		}
	}
}

func TestPauses(t *testing.T) {
	var p pauses
	for i := 1; i <= 1000; i++ {
		p.add(100 * 1000) // 0.1 ms
	}
	p.add(5_000_000)
	if got := millis(p.longest); got != 5 {
		t.Errorf("longest %v ms", got)
	}
	if got := millis(p.quantile(0.99)); got != 0.1 {
		t.Errorf("quantile %v ms", got)
	}
	if got := millis(p.quantile(0.9999)); got != 5 {
		t.Errorf("last quantile %v ms", got)
	}
}

// TestPage: a part's section is replaced, the others stay, and the order is that of the parts.
func TestPage(t *testing.T) {
	page := filepath.Join(t.TempDir(), "docs", "page.md")
	for _, name := range []string{"idle", "cpu", "idle"} {
		if err := writeSection(page, name, "numbers of "+name+"\n", []contender{{version: "v1"}}); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	cpu, idle := strings.Index(string(b), "numbers of cpu"), strings.Index(string(b), "numbers of idle")
	if cpu < 0 || idle < cpu || strings.Count(string(b), "numbers of idle") != 1 || !strings.HasPrefix(string(b), pageHead) {
		t.Errorf("the page is %s", b)
	}
}

// TestRows: names, depths and numbers that are read by the page's reader.
func TestRows(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cellsOf(append(defaultRows(), bigRows(bigMembers)...), 0.001) {
		if c.n < c.depth || c.n%c.depth != 0 {
			t.Errorf("%s at %d: %d requests", c.name, c.depth, c.n)
		}
		if (c.test == "") == (len(c.command) == 0) {
			t.Errorf("%s: a test or a command", c.name)
		}
		id := c.name + keysOf(c.random) + " " + string(rune('0'+c.depth))
		if seen[id] {
			t.Errorf("%s twice", id)
		}
		seen[id] = true
	}
	for n, want := range map[int]string{0: "1", 100_000: "100,000", 1_000_000: "1,000,000", 1_000_000_000: "1,000,000,000", 12: "12"} {
		if got := keysOf(n); got != want {
			t.Errorf("%d is %q", n, got)
		}
	}
}

// TestObserved: what observers are measured with is well formed, and what is sent of redis-benchmark's keys finds those of benchmarkKeys.
func TestObserved(t *testing.T) {
	want := []string{
		"*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000098\r\n",
		"*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000098\r\n$3\r\nxxx\r\n",
		"*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000098\r\n$",
		"*3\r\n$3\r\nSET\r\n$19\r\nuser:1:000000000098\r\n$3\r\nxxx\r\n",
		"*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000098\r\n$3\r\nxxx\r\n",
		"*3\r\n$3\r\nSET\r\n$19\r\napp:p1:000000000098\r\n$3\r\nxxx\r\n",
		"*3\r\n$3\r\nSET\r\n$22\r\nuser:000000000098:name\r\n$3\r\nxxx\r\n",
		"*3\r\n$3\r\nSET\r\n$22\r\nuser:000000000098:name\r\n$3\r\nxxx\r\n",
		"*3\r\n$3\r\nSET\r\n$22\r\nuser:000000000098:name\r\n$3\r\nxxx\r\n",
		"*3\r\n$3\r\nSET\r\n$19\r\nuser:1:000000000098\r\n$3\r\nxxx\r\n",
	}
	if len(observedRows) != len(want) {
		t.Fatalf("%d rows", len(observedRows))
	}
	for i := range observedRows {
		x := &observedRows[i]
		sent := map[string]bool{}
		for range 1000 {
			got := string(x.append(nil, 98))
			if sent[got] = true; got != want[i] && (x.sizes == 0 || !strings.HasPrefix(got, want[i])) {
				t.Fatalf("%s sends %q", x.name, got)
			}
		}
		if len(sent) != max(x.sizes, 1) {
			t.Errorf("%s sends %d requests, not %d", x.name, len(sent), x.sizes)
		}
	}
	for i, want := range map[int]string{96: "key:", 97: "user:", 112: "key:"} {
		if got, _ := mostOwn(i); got != want {
			t.Errorf("key %d of the mix begins with %q", i, got)
		}
	}
	for i, want := range map[int]string{600_001: "user:999:", 1_000_002: "user:99998:"} {
		if got, _ := zipfPrefix(i); got != want {
			t.Errorf("key %d has the prefix %q", i, got)
		}
	}
	if got, want := string(appendNumbered(nil, "key:", 16, 98)), "$16\r\nkey:000000000098\r\n"; got != want {
		t.Errorf("a numbered word is %q", got)
	}
}

func TestParseCPUs(t *testing.T) {
	for list, want := range map[string]string{"0": "0", "0-1": "0 1", "2-4,7,9-9": "2 3 4 7 9"} {
		if got, err := parseCPUs(list); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %q, %v, want %q", list, got, err, want)
		}
	}
	for _, list := range []string{"", "a", "1-", "0,"} {
		if got, err := parseCPUs(list); err == nil {
			t.Errorf("%q: %q", list, got)
		}
	}
}

// TestThroughputLine: shares are those of pairs, not of all samples, and bold where too little is kept.
func TestThroughputLine(t *testing.T) {
	start := []pair{
		{nothing: sample{500, 1e6}, all: sample{500, 0.9e6}},
		{nothing: sample{400, 2e6}, all: sample{500, 2e6}},
		{nothing: sample{600, 1e6}, all: sample{600, 0.96e6}},
	}
	want := "| GET | 1000 | 60 % | 960 | 58 % | **0.960** (0.960-0.960) | 1.000 (1.000-1.000) |\n"
	if got := throughputLine("GET", [][]pair{start, start}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
